import { z } from 'zod';
import { allowed } from '../body/body.pipe.js';

const oneLine = allowed('one line that is not empty');
const aText = allowed('a text that is not empty');

export const notification = z.object(
  { subject: z.string(oneLine).regex(/^[^\r\n]*\S[^\r\n]*$/, oneLine), text: z.string(aText).regex(/\S/, aText) },
  allowed('a JSON object such as {"subject":"Hello","text":"to all"}'),
);

export type Notification = z.infer<typeof notification>;
