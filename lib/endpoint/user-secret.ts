import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LENGTH = 32;

/** `undefined` on a system without users. */
const uid = (): number | undefined => process.getuid?.();

function isPrivate(path: string): boolean {
  const { mode, uid: owner } = lstatSync(path);
  return uid() === undefined || (owner === uid() && (mode & 0o077) === 0);
}

/** After `su` or `sudo` it is another user's, and in a container it may not exist. */
function isOwn(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (uid() === undefined || stat.uid === uid());
}

/**
 * The user's own directory, 0700, for the secret and for who holds what.
 * @throws Error where somebody else owns it
 */
export function userDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  const path =
    runtime && isOwn(runtime)
      ? join(runtime, 'nestjs-background-worker')
      : join(tmpdir(), `nestjs-background-worker-${uid() ?? 'user'}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (!lstatSync(path).isDirectory() || !isPrivate(path))
    throw new Error(`${path} is not a private directory of this user`);
  return path;
}

/**
 * 32 bytes that only processes of this user can know; made once, in a 0600 file.
 * @throws Error where the file is not what it should be
 */
export function userSecret(directory: string): Buffer {
  const path = join(directory, 'secret');
  const fresh = join(directory, `secret-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    return read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  writeFileSync(fresh, randomBytes(LENGTH), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(fresh);
  }
  return read(path);
}

function read(path: string): Buffer {
  const secret = lstatSync(path).isFile() && isPrivate(path) ? readFileSync(path) : undefined;
  if (secret?.length !== LENGTH) throw new Error(`${path} is not a private file of ${LENGTH} bytes`);
  return secret;
}
