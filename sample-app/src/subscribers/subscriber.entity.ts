import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('uptime_subscriber')
export class Subscriber {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text', unique: true })
  email!: string;
}
