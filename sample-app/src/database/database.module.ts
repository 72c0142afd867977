import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TypeOrmUnitsModule } from 'nestjs-background-worker/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { readSettings } from '../settings.js';
import { databaseOptions } from './database.options.js';
import { LoggedDataSource } from './logged-data-source.js';
import { Transactions } from './transactions.js';

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => databaseOptions(readSettings(process.env).database),
      dataSourceFactory: async (options) => new LoggedDataSource(options as DataSourceOptions).initialize(),
    }),
    TypeOrmUnitsModule.forRoot(),
  ],
  providers: [Transactions],
  exports: [Transactions],
})
export class DatabaseModule {}
