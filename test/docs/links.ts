import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { root } from './examples.js';

const withoutCode = (text: string): string => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');

/** The anchors that GitHub makes of headings. */
export const anchorsOf = (text: string): readonly string[] =>
  [...text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)].map(({ 1: heading = '' }) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Relative links that lead nowhere. */
export function brokenLinksOf(document: string, text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]*)\)/g)].flatMap(({ 1: link = '' }) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? document : normalize(join(dirname(document), path));
    const file = join(root, target);
    if (!existsSync(file)) return [`${document}: ${link}`];
    if (anchor === undefined) return [];
    if (!statSync(file).isFile()) return [`${document}: ${link}`];
    const there = path === '' ? text : readFileSync(file, 'utf8');
    return anchorsOf(there).includes(anchor) ? [] : [`${document}: ${link}`];
  });
}
