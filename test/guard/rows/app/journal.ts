import { appendFileSync, existsSync } from 'node:fs';

const path = process.env['ROW_JOURNAL'] ?? '';

/** One line, there before anything else can happen. */
export const journal = (event: string, name: string): void => appendFileSync(path, `${event} ${process.pid} ${name}\n`);

/** Until the test has made the file. */
export async function untilMade(file: string): Promise<void> {
  while (!existsSync(`${path}.${file}`)) await new Promise((resolve) => setTimeout(resolve, 10));
}
