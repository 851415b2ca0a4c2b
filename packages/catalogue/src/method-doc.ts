// What the proto says of itself, as data. Made by `npm run generate` from the comments of the proto.

/** A method, such as `DeploymentService/Deploy`. */
export interface MethodDoc {
  readonly doc: string;
  /** Names of its messages. */
  readonly request: string;
  readonly response: string;
  /** Answers with a stream. */
  readonly streams: boolean;
}

export interface FieldDoc {
  /** As the proto spells it. */
  readonly name: string;
  readonly jsonName: string;
  readonly type: string;
  readonly doc: string;
}

export interface MessageDoc {
  readonly doc: string;
  readonly fields: readonly FieldDoc[];
}

export interface EnumDoc {
  readonly doc: string;
  readonly values: readonly { readonly name: string; readonly doc: string }[];
}
