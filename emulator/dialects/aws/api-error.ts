/**
 * A "no" as EC2 says it: its code and text, and the HTTP status. Thrown while a request is read or judged; the
 * endpoint makes XML of it.
 */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
  }
}
