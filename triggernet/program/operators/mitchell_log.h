#ifndef TRIGGERNET_MITCHELL_LOG_H_
#define TRIGGERNET_MITCHELL_LOG_H_

// MitchellLog: sgn(x) L(1 + |x| 2**shift), L(a) = e + a / 2**e - 1 with 2**e <= a < 2**(e + 1).
//
// In hardware: a priority encoder and a shifter a value (ceil(log2 E) stages of multiplexers for E
// exponents), no product; with a sign two conditional negations more. With a reuse factor R > 1
// nothing is shared here.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_values, up (how far a code is shifted up to be on the grid of the argument), grid (its
// fractional bits), max_exponent, argument_width (bits of an argument), exact_t (holds the result).
template <class CONFIG_T, class x_T>
typename CONFIG_T::exact_t mitchell_log_of(const x_T &x) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::exact_t exact_t;
    ap_int<CONFIG_T::argument_width + 1> code;
    code.V = x.V;
    const bool below = code < 0;
    if (below) {
        code = -code;
    }
    ap_uint<CONFIG_T::argument_width> argument = code;
    ap_uint<CONFIG_T::argument_width> one = 1;
    argument = argument << CONFIG_T::up;
    one = one << CONFIG_T::grid;
    argument = argument + one;
    ap_uint<exact_t::width> e = 0;
    bool found = false;
EXPONENTS:
    for (int k = CONFIG_T::max_exponent; k > 0; k--) {
        #pragma HLS UNROLL
        if (!found && argument[CONFIG_T::grid + k]) {
            e = k;
            found = true;
        }
    }
    // The argument with its leading one removed and moved to the front of the fraction.
    ap_uint<CONFIG_T::grid + CONFIG_T::max_exponent + 1> front = argument;
    front = front << (CONFIG_T::max_exponent - e.to_int());
    front[CONFIG_T::grid + CONFIG_T::max_exponent] = 0;
    ap_int<exact_t::width + 1> result = e;
    result = (result << (CONFIG_T::grid + CONFIG_T::max_exponent)) + front;
    if (below) {
        result = -result;
    }
    exact_t value;
    value.V = result.V;
    return value;
}

template <class CONFIG_T, class x_T, class res_T>
void mitchell_log(const x_T x[CONFIG_T::n_values], res_T res[CONFIG_T::n_values]) {
VALUES:
    for (int i = 0; i < CONFIG_T::n_values; i++) {
        #pragma HLS UNROLL
        res[i] = quantised<res_T>(mitchell_log_of<CONFIG_T>(x[i]));
    }
}

} // namespace triggernet

#endif
