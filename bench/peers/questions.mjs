/** Questions over a channel of messages, told apart by number. All that are open when it closes are rejected. */
export function openQuestions(send) {
  let last = 0;
  let closed = false;
  const open = new Map();
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error("It has ended"));
        last += 1;
        open.set(last, { resolve, reject });
        send({ id: last, ...question });
      }),
    answered({ id, reply, error }) {
      const { resolve, reject } = open.get(id);
      open.delete(id);
      if (error === undefined) resolve(reply);
      else reject(new Error(error));
    },
    close() {
      closed = true;
      for (const { reject } of open.values()) reject(new Error("It has ended"));
      open.clear();
    },
  };
}
