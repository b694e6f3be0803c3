// The ports of @TOP@, and how integer codes lie on them.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <verilated.h>

#include "Vdut.h"

namespace {

const int64_t predicted_latency = @LATENCY@, interval = @INTERVAL@;
const uint64_t clock_period_ps = @CLOCK_PERIOD_PS@;

// A port: `size` elements of `width` bits, element k at bits [k*width +: width]. Its words are 32
// bits each, the lowest first, whatever type Verilator gives it.
struct Port {
    const char *name;
    int size, width;
    bool is_signed;
    int words() const { return (size * width + 31) / 32; }
};
using Ports = std::vector<Port>;

const Ports input_ports = {
@INPUTS@
};
const Ports output_ports = {
@OUTPUTS@
};

template <typename T, typename = std::enable_if_t<std::is_integral<T>::value>>
void set_port(T &port, const uint32_t *words) {
    port = static_cast<T>(sizeof(T) > 4 ? static_cast<uint64_t>(words[1]) << 32 | words[0] : words[0]);
}
template <std::size_t N>
void set_port(VlWide<N> &port, const uint32_t *words) {
    for (std::size_t k = 0; k < N; k++) port[k] = words[k];
}
template <typename T, typename = std::enable_if_t<std::is_integral<T>::value>>
void get_port(const T &port, uint32_t *words) {
    words[0] = static_cast<uint32_t>(port);
    if (sizeof(T) > 4) words[1] = static_cast<uint32_t>(static_cast<uint64_t>(port) >> 32);
}
template <std::size_t N>
void get_port(const VlWide<N> &port, uint32_t *words) {
    for (std::size_t k = 0; k < N; k++) words[k] = port[k];
}

void drive(Vdut &top, const uint32_t *words) {
@DRIVE@
}

void sample(const Vdut &top, uint32_t *words) {
@SAMPLE@
}

int codes_of(const Ports &ports) {
    int sum = 0;
    for (const Port &port : ports) sum += port.size;
    return sum;
}
int words_of(const Ports &ports) {
    int sum = 0;
    for (const Port &port : ports) sum += port.words();
    return sum;
}

// The bits of a port lie in pieces of at most 32: calls visit(code, bit of it, word, bit of it, n).
template <typename Visit>
void for_pieces(const Ports &ports, Visit visit) {
    int code = 0, first_word = 0;
    for (const Port &port : ports) {
        for (int k = 0, at = 0; k < port.size; k++, code++) {
            for (int bit = 0, n = 0; bit < port.width; bit += n, at += n) {
                n = std::min(32 - at % 32, port.width - bit);
                visit(code, bit, first_word + at / 32, at % 32, n);
            }
        }
        first_word += port.words();
    }
}

void pack(const Ports &ports, const int64_t *codes, uint32_t *words) {
    std::fill(words, words + words_of(ports), 0);
    for_pieces(ports, [&](int code, int bit, int word, int at, int n) {
        const uint64_t piece = static_cast<uint64_t>(codes[code]) >> bit & ((uint64_t{1} << n) - 1);
        words[word] |= static_cast<uint32_t>(piece << at);
    });
}

void unpack(const Ports &ports, const uint32_t *words, int64_t *codes) {
    std::fill(codes, codes + codes_of(ports), 0);
    for_pieces(ports, [&](int code, int bit, int word, int at, int n) {
        const uint64_t piece = words[word] >> at & ((uint64_t{1} << n) - 1);
        codes[code] |= static_cast<int64_t>(piece << bit);
    });
    for (const Port &port : ports) {
        const int rest = 64 - port.width;
        for (int k = 0; k < port.size; k++, codes++) {
            if (port.is_signed) *codes = static_cast<int64_t>(static_cast<uint64_t>(*codes) << rest) >> rest;
        }
    }
}

} // namespace
