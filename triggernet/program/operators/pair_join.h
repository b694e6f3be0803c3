#ifndef TRIGGERNET_PAIR_JOIN_H_
#define TRIGGERNET_PAIR_JOIN_H_

// PairJoin: x_i + x_j + pair_ij for every pair i < j, then ReLU if asked for.
//
// In hardware, for each pair and feature: two adders and a sign test, rounding, saturation. Reuse
// factor R > 1: ceil(P / R) blocks, each of which serves one pair R times an event.

#include "common.h"

namespace triggernet {

template <class CONFIG_T, class x_T, class pair_T, class res_T>
void pair_join_one(const x_T *x_i, const x_T *x_j, const pair_T *pair, res_T *res) {
    #pragma HLS INLINE
FEATURES:
    for (int g = 0; g < CONFIG_T::n_features; g++) {
        #pragma HLS UNROLL
        typename CONFIG_T::acc_t joined = x_i[g] + x_j[g] + pair[g];
        if (CONFIG_T::relu != 0 && joined.is_neg()) {
            joined = zero<typename CONFIG_T::acc_t>();
        }
        res[g] = quantised<res_T>(joined);
    }
}

// One block that all pairs of its share pass in turn.
template <class CONFIG_T, class x_T, class pair_T, class res_T>
void pair_join_shared(const x_T *x_i, const x_T *x_j, const pair_T *pair, res_T *res) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    pair_join_one<CONFIG_T, x_T, pair_T, res_T>(x_i, x_j, pair, res);
}

// CONFIG_T: n_particles (M), n_features (G), relu, reuse_factor, n_lanes, acc_t (holds every sum)
template <class CONFIG_T, class x_T, class pair_T, class res_T>
void pair_join(const x_T x[CONFIG_T::n_particles * CONFIG_T::n_features], const pair_T *pair,
               res_T *res) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION function instances=pair_join_shared<CONFIG_T, x_T, pair_T, \
        res_T> limit=CONFIG_T::n_lanes
    const int width = CONFIG_T::n_features;
SECOND:
    for (int j = 1; j < CONFIG_T::n_particles; j++) {
        #pragma HLS UNROLL
    FIRST:
        for (int i = 0; i < j; i++) {
            #pragma HLS UNROLL
            const int at = pair_number(i, j) * width;
            if (CONFIG_T::reuse_factor == 1) {
                pair_join_one<CONFIG_T, x_T, pair_T, res_T>(x + i * width, x + j * width,
                                                            pair + at, res + at);
            } else {
                pair_join_shared<CONFIG_T, x_T, pair_T, res_T>(x + i * width, x + j * width,
                                                               pair + at, res + at);
            }
        }
    }
}

} // namespace triggernet

#endif
