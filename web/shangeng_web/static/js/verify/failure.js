// What does not hold, under the code that the command line gives it too. The page has a sentence for each code.

export class Failure extends Error {
  constructor(code, parts = {}) {
    super(`${code} ${Object.values(parts).join(" ")}`);
    this.code = code;
    this.parts = parts;
  }
}

export function malformed(what) {
  throw new Failure("trace.log_text_malformed", { what });
}
