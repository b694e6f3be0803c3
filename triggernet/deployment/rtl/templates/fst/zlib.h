// What Verilator's writer of waveforms needs of the zlib library, so that the library need not be
// installed: valid zlib streams that compress nothing, in stored blocks (RFC 1950 and 1951).

#pragma once

#include <cstring>

using Bytef = unsigned char;
using uLong = unsigned long;
using uLongf = unsigned long;
enum { Z_OK = 0, Z_BUF_ERROR = -5 };

inline uLong compressBound(uLong size) { return size + 5 * (size / 65535 + 1) + 6; }

inline int compress2(Bytef *target, uLongf *target_size, const Bytef *source, uLong size, int) {
    if (*target_size < compressBound(size)) return Z_BUF_ERROR;
    Bytef *out = target;
    *out++ = 0x78, *out++ = 0x01;
    uLong done = 0;
    do {
        const uLong n = size - done < 65535 ? size - done : 65535;
        *out++ = done + n == size; // whether it is the last block
        *out++ = n & 255, *out++ = n >> 8, *out++ = ~n & 255, *out++ = ~n >> 8 & 255;
        if (n > 0) std::memcpy(out, source + done, n);
        out += n, done += n;
    } while (done < size);
    uLong a = 1, b = 0; // Adler-32
    for (uLong k = 0; k < size; k++) a = (a + source[k]) % 65521, b = (b + a) % 65521;
    for (const uLong part : {b >> 8, b, a >> 8, a}) *out++ = part & 255;
    *target_size = static_cast<uLongf>(out - target);
    return Z_OK;
}
