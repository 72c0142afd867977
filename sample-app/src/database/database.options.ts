import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import libsql from 'libsql';
import type { DatabaseSettings } from '../settings.js';

export function databaseOptions(settings: DatabaseSettings): TypeOrmModuleOptions {
  return {
    autoLoadEntities: true,
    synchronize: true, // enough for a sample; an app with data to lose runs migrations
    retryAttempts: 3,
    ...('postgresUrl' in settings
      ? { type: 'postgres', url: settings.postgresUrl }
      : // libsql has better-sqlite3's interface and comes as a ready-made binary: nothing to compile
        { type: 'better-sqlite3', driver: libsql, database: settings.sqliteFile, enableWAL: true }),
  };
}
