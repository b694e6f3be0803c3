// What Verilator's writer of waveforms needs of the LZ4 library, so that the library need not be
// installed: valid LZ4 blocks that compress nothing, one run of literals each. Format:
// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

#pragma once

#include <cstring>

inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char *source, char *target, int size, int) {
    char *out = target;
    *out++ = static_cast<char>((size < 15 ? size : 15) << 4); // the token: how many literals
    if (size >= 15) {
        int rest = size - 15;
        for (; rest >= 255; rest -= 255) *out++ = static_cast<char>(255);
        *out++ = static_cast<char>(rest);
    }
    if (size > 0) std::memcpy(out, source, static_cast<std::size_t>(size));
    return static_cast<int>(out - target) + size;
}
