import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import libsql from 'libsql';
import type { DatabaseSettings } from '../settings/settings.js';

export function databaseOptions(database: DatabaseSettings): TypeOrmModuleOptions {
  return {
    autoLoadEntities: true,
    synchronize: true, // enough for a sample; an app with data to lose runs migrations
    retryAttempts: 3,
    ...connection(database),
  };
}

function connection(database: DatabaseSettings) {
  switch (database.type) {
    case 'postgres':
      return { type: 'postgres', url: database.url } as const;
    case 'sqlite':
      // libsql has better-sqlite3's interface and comes as a ready-made binary: nothing to compile
      return { type: 'better-sqlite3', driver: libsql, database: database.file, enableWAL: true } as const;
    default:
      return database satisfies never;
  }
}
