import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LENGTH = 32;

/** `undefined` on a system without users. */
const uid = (): number | undefined => process.getuid?.();
const isMine = ({ uid: owner }: { readonly uid: number }): boolean => uid() === undefined || owner === uid();
const isPrivate = ({ mode }: { readonly mode: number }): boolean => uid() === undefined || (mode & 0o077) === 0;

/** After `su` or `sudo` it is another user's, and in a container it may not exist. */
function isOwn(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && isMine(stat);
}

/**
 * The user's own directory, 0700, for the secret and for who holds what. One that others may look into is mended.
 * @throws Error where it is somebody else's, or no directory
 */
export function userDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  return runtime && isOwn(runtime) ? ready(join(runtime, 'nestjs-background-worker')) : ready(inTemp(tmpdir()));
}

/** The one that all of the user's processes know, whatever their environment says. */
export const commonDirectory = (): string => ready(inTemp(process.platform === 'win32' ? tmpdir() : '/tmp'));

const inTemp = (at: string): string => join(at, `nestjs-background-worker-${uid() ?? 'user'}`);

function ready(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stat = lstatSync(path);
  if (!stat.isDirectory() || !isMine(stat)) throw new Error(`${path} is not a directory of this user; remove it`);
  if (!isPrivate(stat)) chmodSync(path, 0o700);
  return path;
}

/**
 * 32 bytes that only processes of this user can know, in a 0600 file. One that others may have read is made anew.
 * @throws Error where it is somebody else's, or no file
 */
export function userSecret(directory: string): Buffer {
  const path = join(directory, 'secret');
  const found = read(path);
  if (found) return found;
  const fresh = join(directory, `secret-${process.pid}-${randomBytes(4).toString('hex')}`);
  writeFileSync(fresh, randomBytes(LENGTH), { mode: 0o600, flag: 'wx' });
  place(fresh, path);
  const made = read(path);
  if (!made) throw new Error(`${path} is not a private file of ${LENGTH} bytes; remove it`);
  return made;
}

/** Of several who make the first one, one does; a spoilt one is replaced. */
function place(fresh: string, path: string): void {
  try {
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!read(path)) renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** @returns undefined where there is none, or one that is no secret */
function read(path: string): Buffer | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (!stat.isFile() || !isMine(stat)) throw new Error(`${path} is not a file of this user; remove it`);
  const secret = isPrivate(stat) ? readFileSync(path) : undefined;
  return secret?.length === LENGTH ? secret : undefined;
}
