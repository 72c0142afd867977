import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TypeOrmUnitsModule } from 'nestjs-background-worker/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Settings } from '../settings/settings.js';
import { databaseOptions } from './database.options.js';
import { LoggedDataSource } from './logged-data-source.js';
import { SerialTransactions, Transactions } from './transactions.js';

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Settings],
      useFactory: ({ database }: Settings) => databaseOptions(database),
      dataSourceFactory: async (options) => new LoggedDataSource(options as DataSourceOptions).initialize(),
    }),
    TypeOrmUnitsModule.forRoot(),
  ],
  providers: [
    {
      provide: Transactions,
      inject: [Settings, DataSource],
      useFactory: ({ database }: Settings, dataSource: DataSource) =>
        database.type === 'sqlite' ? new SerialTransactions(dataSource) : new Transactions(dataSource),
    },
  ],
  exports: [Transactions],
})
export class DatabaseModule {}
