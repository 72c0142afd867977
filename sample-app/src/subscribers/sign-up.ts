import { z } from 'zod';
import { allowed } from '../body/body.pipe.js';

const anAddress = allowed('an address such as {"email":"ada@localhost"}');

export const signUp = z.object(
  {
    email: z
      .string(anAddress)
      .max(254, anAddress)
      .regex(/^[^\s@<>,;]+@[^\s@<>,;]+$/, anAddress),
  },
  anAddress,
);

export type SignUp = z.infer<typeof signUp>;
