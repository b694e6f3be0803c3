#ifndef TRIGGERNET_REDUCE_H_
#define TRIGGERNET_REDUCE_H_

// Sum over (present) particles, Count of the constituents present, Stack of columns.
//
// In hardware: Sum is one adder tree of M leaves a feature (M - 1 adders, ceil(log2 M) levels),
// with an AND a bit where absent particles are left out, then rounding and saturation; Count is a
// population count of N bits, each the OR of a word; Stack is wiring, and rounding where a column
// has a finer grid than the result. With a reuse factor R > 1 nothing is shared: a multiplexer
// would cost what an adder does.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_particles (M), n_features (F), n_constituents (N), acc_t (holds the exact sum)
template <class CONFIG_T, class x_T, class res_T>
void sum(const x_T x[CONFIG_T::n_particles * CONFIG_T::n_features],
         res_T res[CONFIG_T::n_features]) {
    typename CONFIG_T::acc_t terms[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=terms complete
FEATURES:
    for (int f = 0; f < CONFIG_T::n_features; f++) {
        #pragma HLS UNROLL
    PARTICLES:
        for (int i = 0; i < CONFIG_T::n_particles; i++) {
            #pragma HLS UNROLL
            terms[i] = x[i * CONFIG_T::n_features + f];
        }
        res[f] = quantised<res_T>(tree_sum(terms));
    }
}

// The same over the present particles; those from N on are spurions, always present.
template <class CONFIG_T, class x_T, class present_T, class res_T>
void sum(const x_T x[CONFIG_T::n_particles * CONFIG_T::n_features],
         const present_T present[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_features]) {
    bool there[CONFIG_T::n_particles];
    typename CONFIG_T::acc_t terms[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=there complete
    #pragma HLS ARRAY_PARTITION variable=terms complete
    find_present<CONFIG_T>(present, there);
FEATURES:
    for (int f = 0; f < CONFIG_T::n_features; f++) {
        #pragma HLS UNROLL
    PARTICLES:
        for (int i = 0; i < CONFIG_T::n_particles; i++) {
            #pragma HLS UNROLL
            terms[i] = x[i * CONFIG_T::n_features + f];
            if (!there[i]) {
                terms[i] = zero<typename CONFIG_T::acc_t>();
            }
        }
        res[f] = quantised<res_T>(tree_sum(terms));
    }
}

// CONFIG_T: n_constituents (N), acc_t (holds 0 ... N)
template <class CONFIG_T, class present_T, class res_T>
void count(const present_T present[CONFIG_T::n_constituents], res_T res[1]) {
    typename CONFIG_T::acc_t terms[CONFIG_T::n_constituents];
    #pragma HLS ARRAY_PARTITION variable=terms complete
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_constituents; i++) {
        #pragma HLS UNROLL
        const ap_uint<CONFIG_T::acc_t::width> there = present[i].is_zero() ? 0 : 1;
        terms[i] = from_code<typename CONFIG_T::acc_t>(there);
    }
    res[0] = quantised<res_T>(tree_sum(terms));
}

template <class CONFIG_T, int column, class x_T, class res_T>
void stack_column(const x_T x[CONFIG_T::n_particles],
                  res_T res[CONFIG_T::n_particles * CONFIG_T::n_features]) {
    #pragma HLS INLINE
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
        res[i * CONFIG_T::n_features + column] = quantised<res_T>(x[i]);
    }
}

template <class CONFIG_T, int column, class res_T, class x_T>
void stack_columns(res_T *res, const x_T *x) {
    #pragma HLS INLINE
    stack_column<CONFIG_T, column>(x, res);
}

template <class CONFIG_T, int column, class res_T, class x_T, class... more_T>
void stack_columns(res_T *res, const x_T *x, const more_T *...more) {
    #pragma HLS INLINE
    stack_column<CONFIG_T, column>(x, res);
    stack_columns<CONFIG_T, column + 1>(res, more...);
}

// The result comes first, since the number of columns varies.
// CONFIG_T: n_particles (N), n_features (F, the number of columns)
template <class CONFIG_T, class res_T, class... x_T> void stack(res_T *res, const x_T *...x) {
    static_assert(sizeof...(x_T) == CONFIG_T::n_features, "one column a feature");
    stack_columns<CONFIG_T, 0>(res, x...);
}

} // namespace triggernet

#endif
