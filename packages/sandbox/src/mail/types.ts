/** A mail that was caught. */
export interface CaughtMail {
  /** 1 for the first; each later mail has a higher one. */
  number: number;
  /** Whom it was delivered to. */
  to: string[];
  from: string;
  subject: string;
  /** Empty when the mail has none. */
  text: string;
  /** Empty when the mail has none. */
  html: string;
  /** What the mail says about when it was written. */
  date: string;
}
