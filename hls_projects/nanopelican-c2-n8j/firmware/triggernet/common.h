#ifndef TRIGGERNET_COMMON_H_
#define TRIGGERNET_COMMON_H_

// Shared by the operators' kernels: constants from their codes, differences of angles as table
// addresses, balanced adder trees. C++11, no float, fixed trip counts.
//
// Rounding and saturation happen in one way only: by `quantised`, to an ap_(u)fixed that carries
// AP_TRN or AP_RND_CONV and AP_SAT or AP_WRAP. Every other assignment is to a type that holds the
// value exactly; the CONFIG struct of a node states those types.
//
// `V` is the bits of a number: as numbers of one type need no alignment, what only moves or adds
// bits does it there. (An assignment between two types takes a compiler a hundred times longer.)
//
// In hardware: from_code is wiring; distance one subtractor and one conditional negation; tree_sum
// n - 1 adders in ceil(log2 n) levels.

#include "ap_fixed.h"
#include "ap_int.h"

namespace triggernet {

// The fixed-point number whose bits are `code`.
template <class fixed_T, class code_T> fixed_T from_code(const code_T &code) {
    #pragma HLS INLINE
    fixed_T value;
    value.V = code.V;
    return value;
}

// The bits of a signed fixed-point number as an integer.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
ap_int<W> code_of(const ap_fixed<W, I, Q, O, N> &value) {
    #pragma HLS INLINE
    ap_int<W> code;
    code.V = value.V;
    return code;
}

// Bits that a number with so many integer bits lacks for being rounded to so many fractional ones.
// Rounding looks at the last bit that is kept and at the first that is dropped, and ap_types refuse
// to read a bit that the number does not have.
constexpr int missing_bits(int integer, int fraction) {
    return integer < 1 - fraction ? 1 - fraction - integer : 0;
}

template <class res_T, int more> struct quantise_from {
    template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
    static res_T wider(const ap_fixed_base<W, I, S, Q, O, N> &value) {
        #pragma HLS INLINE
        const ap_fixed_base<W + more, I + more, S> wide = value;
        const res_T result = wide;
        return result;
    }
};

template <class res_T> struct quantise_from<res_T, 0> {
    template <class x_T> static res_T wider(const x_T &value) {
        #pragma HLS INLINE
        const res_T result = value;
        return result;
    }
};

// The value as a res_T, rounded and limited as that type says.
template <class res_T, int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
res_T quantised(const ap_fixed_base<W, I, S, Q, O, N> &value) {
    #pragma HLS INLINE
    return quantise_from<res_T, missing_bits(I, res_T::width - res_T::iwidth)>::wider(value);
}

template <class T> T zero() {
    #pragma HLS INLINE
    T value;
    value.V = 0;
    return value;
}

// total += term, for numbers of one type, modulo its range.
template <class T> void accumulate(T &total, const T &term) {
    #pragma HLS INLINE
    total.V += term.V;
}

// |a| of a signed number's code: 0 ... 2**(width - 1).
template <int width> ap_uint<width> magnitude(const ap_int<width> &code) {
    #pragma HLS INLINE
    const ap_int<width + 1> negative = -code;
    return code < 0 ? negative : ap_int<width + 1>(code);
}

// |a - b| of two signed integers of one type (LSB 1): 0 ... 2**width - 1.
template <class T> ap_uint<T::width> distance(const T &a, const T &b) {
    #pragma HLS INLINE
    const ap_int<T::width + 1> difference = code_of(a) - code_of(b);
    return magnitude(difference);
}

// Which particles are present: constituents whose word is not zero; spurions, which follow them,
// always are.
template <class CONFIG_T, class present_T>
void find_present(const present_T *present, bool there[CONFIG_T::n_particles]) {
    #pragma HLS INLINE
PRESENT:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
        there[i] = true;
        if (i < CONFIG_T::n_constituents) {
            there[i] = !present[i].is_zero();
        }
    }
}

// Position of the pair (i, j), i < j, in a tensor of pairs.
constexpr int pair_number(int i, int j) { return j * (j - 1) / 2 + i; }

constexpr int tree_levels(int n) { return n <= 1 ? 0 : 1 + tree_levels((n + 1) / 2); }

// Sum of terms, which are overwritten. T holds the sum; it may wrap on the way, never in the end.
template <class T, int n> T tree_sum(T (&terms)[n]) {
    #pragma HLS INLINE
LEVELS:
    for (int level = 0; level < tree_levels(n); level++) {
        #pragma HLS UNROLL
    ADDERS:
        for (int k = 0; k < n / 2; k++) {
            #pragma HLS UNROLL
            const int left = k << (level + 1);
            const int right = left + (1 << level);
            if (right < n) {
                accumulate(terms[left], terms[right]);
            }
        }
    }
    return terms[0];
}

} // namespace triggernet

#endif
