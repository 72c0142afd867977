import { Column } from 'typeorm';

/** A Date kept as epoch milliseconds: one meaning in SQLite and Postgres, whatever the time zone. */
export const InstantColumn = (): PropertyDecorator =>
  Column({
    type: 'bigint',
    transformer: {
      to: (instant: Date) => instant.getTime(),
      from: (milliseconds: number | string) => new Date(Number(milliseconds)),
    },
  });
