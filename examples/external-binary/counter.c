// A counter in C: binary frames on descriptor 3, `[payload length u32][id u32][payload]`, little endian.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUN = 3, CALL = 4, CAST = 5, STOP = 6, STARTED = 66, REPLY = 67, ERROR = 68, HANDLED = 73 };

static unsigned char in[65536], out[65536];

static void read_exactly(unsigned char *to, size_t count) {
  while (count > 0) {
    ssize_t got = read(3, to, count);
    if (got <= 0) exit(1);
    to += got;
    count -= (size_t)got;
  }
}

static void send_frame(uint32_t id, size_t length) {
  uint32_t header[2] = {(uint32_t)length, id};
  memmove(out + sizeof header, out, length);
  memcpy(out, header, sizeof header);
  unsigned char *from = out;
  for (size_t left = length + sizeof header; left > 0;) {
    ssize_t sent = write(3, from, left);
    if (sent <= 0) exit(1);
    from += sent;
    left -= (size_t)sent;
  }
}

static size_t put_text(size_t at, const char *text) {
  uint16_t length = (uint16_t)strlen(text);
  memcpy(out + at, &length, sizeof length);
  memcpy(out + at + sizeof length, text, length);
  return at + sizeof length + length;
}

static size_t put_count(size_t at, uint16_t count) {
  memcpy(out + at, &count, sizeof count);
  return at + sizeof count;
}

static void send_number(uint32_t id, long number) {
  out[0] = REPLY;
  send_frame(id, 1 + (size_t)sprintf((char *)out + 1, "%ld", number));
}

int main(void) {
  long count = 0;
  for (;;) {
    uint32_t header[2];
    read_exactly((unsigned char *)header, sizeof header);
    uint32_t length = header[0], id = header[1];
    if (length >= sizeof in) return 1;
    read_exactly(in, length);
    in[length] = 0;
    switch (in[0]) {
      case RUN: {
        puts("counting from 0");
        fflush(stdout);
        out[0] = STARTED;
        size_t at = put_count(1, 3);
        at = put_text(at, "add");
        at = put_text(at, "count");
        at = put_text(at, "fail");
        at = put_count(at, 1);
        send_frame(0, put_text(at, "reset"));
        break;
      }
      case CALL: {
        // Behind the kind stand the milliseconds that the caller still waits, then the method.
        uint16_t name;
        memcpy(&name, in + 5, sizeof name);
        const char *method = (const char *)in + 7, *arguments = method + name;
        if (name == 3 && memcmp(method, "add", 3) == 0) {
          count += strtol(arguments + 1, NULL, 10);
          send_number(id, count);
        } else if (name == 5 && memcmp(method, "count", 5) == 0) {
          send_number(id, count);
        } else if (name == 4 && memcmp(method, "fail", 4) == 0) {
          abort();
        } else {
          out[0] = ERROR;
          size_t at = put_text(1, "unknown-method");
          at = put_text(at, "No such call");
          // No path, no detail.
          out[at] = out[at + 1] = 0;
          send_frame(id, at + 2);
        }
        break;
      }
      case CAST:
        count = 0;
        out[0] = HANDLED;
        send_frame(id, 1);
        break;
      case STOP:
        return 0;
    }
  }
}
