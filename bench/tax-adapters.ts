/** Apps of those who use another package, and a unit adapter with it. Imports are dynamic: some of these follow promises once loaded. */
import type { ModuleMetadata } from '@nestjs/common';

export type Imports = NonNullable<ModuleMetadata['imports']>;
type Import = Imports[number];

/** What a package needs to be in an app, our adapter for it, and what a first request of its users does to the process. */
interface Neighbour {
  readonly module: Import;
  readonly adapter: Import;
  readonly request: (get: <T>(token: abstract new (...args: never[]) => T) => T) => void;
}

const global = (provide: abstract new (...args: never[]) => unknown, made: () => Promise<unknown>): Import => ({
  module: class DatabaseModule {},
  global: true,
  providers: [{ provide, useFactory: made }],
  exports: [provide],
});

export const NEIGHBOURS: Readonly<Record<string, () => Promise<Neighbour>>> = {
  async typeorm() {
    const { DataSource } = await import('typeorm');
    const { default: driver } = await import('libsql');
    const { TypeOrmUnitsModule } = await import('nestjs-background-worker/typeorm');
    const make = () => new DataSource({ type: 'better-sqlite3', driver, database: ':memory:' }).initialize();
    return { module: global(DataSource, make), adapter: TypeOrmUnitsModule.forRoot(), request: () => undefined };
  },
  async 'mikro-orm'() {
    const { MikroORM, RequestContext } = await import('@mikro-orm/core');
    const { PostgreSqlDriver } = await import('@mikro-orm/postgresql');
    const { MikroOrmUnitsModule } = await import('nestjs-background-worker/mikro-orm');
    const discovery = { warnWhenNoEntities: false };
    const make = () => MikroORM.init({ driver: PostgreSqlDriver, dbName: 'none', connect: false, discovery });
    return {
      module: global(MikroORM, make),
      adapter: MikroOrmUnitsModule.forRoot(),
      request: (get) => RequestContext.create(get(MikroORM).em, () => undefined),
    };
  },
  async cls() {
    const { ClsModule, ClsService } = await import('nestjs-cls');
    const { ClsUnitsModule } = await import('nestjs-background-worker/cls');
    return {
      module: ClsModule.forRoot({ global: true }),
      adapter: ClsUnitsModule.forRoot(),
      request: (get) => get(ClsService).run(() => undefined),
    };
  },
};
