import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A mail that is owed: the row goes once it was sent. */
@Entity('uptime_alert')
export class Alert {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text')
  url!: string;

  @Column('text')
  reason!: string;
}
