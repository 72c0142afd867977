import { Controller, Get, Inject } from '@nestjs/common';
import { CLS_ID, ClsModule, ClsService } from 'nestjs-cls';
import { beforeEach, describe, expect, it } from 'vitest';
import { ClsUnits, ClsUnitsModule, type ClsUnitsOptions } from '../../lib/adapters/cls/index.js';
import { BackgroundTasks, BackgroundWorker, type SubmitOptions, type TickContext } from '../../lib/index.js';
import { bootWith, get, rejection, type Booted } from '../integration/support/app.js';

interface Seen {
  readonly tenant: unknown;
  readonly secret: unknown;
  readonly id: string | undefined;
  readonly keys: number;
}

const request = { id: 'request 1', tenant: 'acme' as unknown, submit: undefined as SubmitOptions | undefined };
let seen: Promise<Seen>[] = [];
beforeEach(() => {
  Object.assign(request, { tenant: 'acme', submit: undefined });
  seen = [];
});

const look = (cls: ClsService): Seen => ({
  tenant: cls.get('tenant'),
  secret: cls.get('user.secret'),
  id: cls.getId(),
  keys: Reflect.ownKeys(cls.get()).length,
});

@Controller()
class SignUpController {
  constructor(
    @Inject(ClsService) private readonly cls: ClsService,
    @Inject(BackgroundTasks) private readonly tasks: BackgroundTasks,
  ) {}

  @Get()
  signUp(): string {
    this.cls.set('tenant', request.tenant);
    this.cls.set('user.secret', 'of the request');
    seen.push(this.tasks.submit(() => look(this.cls), request.submit).result);
    return String(this.cls.get('user.secret'));
  }

  @Get('of-its-own')
  async ofItsOwn(): Promise<string> {
    this.cls.set('tenant', 'of the request');
    await this.tasks.submit(() => this.cls.set('tenant', 'of the task'), { context: 'inherit' }).result;
    return `${this.cls.getId()}: ${String(this.cls.get('tenant'))}`;
  }
}

@BackgroundWorker({ name: 'job', every: { rate: 60_000, initialDelay: 50_000 } })
class TickWorker {
  constructor(@Inject(ClsService) private readonly cls: ClsService) {}

  run(ctx: TickContext): void {
    this.cls.set('tenant', ctx.name);
    seen.push(Promise.resolve(look(this.cls)));
  }
}

const boot = (options?: ClsUnitsOptions): Promise<Booted> => {
  const cls = ClsModule.forRoot({
    global: true,
    middleware: { mount: true, generateId: true, idGenerator: () => request.id },
  });
  const more = { imports: [cls, ClsUnitsModule.forRoot(options)], controllers: [SignUpController] };
  return bootWith([TickWorker], {}, more, 'express');
};

describe('units with nestjs-cls', () => {
  it('have a store of their own, with nothing of the request', async () => {
    const { url, handle } = await boot();
    expect(await (await get(url)).text()).toBe('of the request');
    const id = expect.stringMatching(/^[-0-9a-f]{36}$/) as string;
    expect(await seen[0]).toEqual({ tenant: undefined, secret: undefined, id, keys: 1 });
    await handle().trigger();
    await handle().trigger();
    const [, first, second] = await Promise.all(seen);
    expect(first).toEqual({ tenant: 'job', secret: undefined, id, keys: 2 });
    expect(second!.id).not.toBe(first!.id);
  });

  it('get the values of the keys that are to be carried, and those only', async () => {
    const { url } = await boot({ carry: ['tenant', 'absent', CLS_ID] });
    await get(url);
    expect(await seen[0]).toEqual({ tenant: 'acme', secret: undefined, id: 'request 1', keys: 2 });
  });

  it('begin with a copy of the caller’s store where the task inherits its context', async () => {
    request.submit = { context: 'inherit' };
    const { url } = await boot();
    expect(await (await get(url)).text()).toBe('of the request');
    expect(await seen[0]).toMatchObject({ tenant: 'acme', secret: 'of the request' });
  });

  it('write nothing into the caller’s store, also where the task inherits its context', async () => {
    const { url } = await boot();
    expect(await (await get(`${url}/of-its-own`)).text()).toBe('request 1: of the request');
  });

  it('refuse to carry what is not a string, where it is submitted', async () => {
    request.tenant = { name: 'acme' };
    const { url } = await boot({ carry: ['tenant'] });
    expect((await get(url)).status).toBe(500);
    expect(seen).toEqual([]);
  });

  it('carry nothing where there is no store', async () => {
    const { app } = await boot({ carry: ['tenant'] });
    const cls = app.get(ClsService);
    expect(await app.get(BackgroundTasks).submit(() => look(cls)).result).toMatchObject({ tenant: undefined, keys: 1 });
  });

  it('refuse bad options', async () => {
    const code = 'BGW_INVALID_OPTION';
    for (const options of [{ carry: 'tenant' }, { carry: [Symbol('other')] }, { keys: [] }])
      expect(await rejection((async () => new ClsUnits(options as never))())).toMatchObject({ code });
  });
});
