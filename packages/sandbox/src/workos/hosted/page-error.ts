import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Ends a request of a hosted page with a page that says why. Neither text holds anything that was entered. */
export class PageError extends Error {
  readonly status: ContentfulStatusCode;
  readonly title: string;

  constructor(status: ContentfulStatusCode, title: string, sentence: string) {
    super(sentence);
    this.name = "PageError";
    this.status = status;
    this.title = title;
  }
}
