/** Where a body started while another lived, by a journal of lines `start`, `stop` or `exit`, each with a pid and a name. */
export function overlapsIn(lines: readonly string[]): readonly string[] {
  const living = new Set<string>();
  const found: string[] = [];
  lines.forEach((line, index) => {
    const [what, pid = '', name = ''] = line.split(' ');
    const body = `${pid} ${name}`;
    if (what === 'start') {
      if (living.size > 0) found.push(`line ${index + 1}: ${body} beside ${[...living].join(', ')}`);
      living.add(body);
    } else if (what === 'stop') living.delete(body);
    else if (what === 'exit') for (const one of living) if (one.startsWith(`${pid} `)) living.delete(one);
  });
  return found;
}
