#ifndef TRIGGERNET_EDGE_JOIN_H_
#define TRIGGERNET_EDGE_JOIN_H_

// EdgeJoin: near_i + far_j + C pair_ij for both directions of every pair, then ReLU if asked for.
//
// In hardware: for each pair and feature one product with C (shifts and additions; both directions
// share it) and, for each direction, two adders and a sign test, rounding, saturation. Reuse factor
// R > 1: ceil(P / R) blocks, each of which makes both edges of a pair R times an event.

#include "common.h"

namespace triggernet {

// Both edges of one pair.
template <class CONFIG_T, class near_T, class far_T, class res_T>
void edge_join_pair(const near_T *near_i, const near_T *near_j, const far_T *far_i,
                    const far_T *far_j, const typename CONFIG_T::acc_t *shared, res_T *res) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::acc_t acc_t;
FEATURES:
    for (int g = 0; g < CONFIG_T::n_features; g++) {
        #pragma HLS UNROLL
        acc_t first = near_i[g] + far_j[g];
        acc_t second = near_j[g] + far_i[g];
        accumulate(first, shared[g]);
        accumulate(second, shared[g]);
        if (CONFIG_T::relu != 0 && first.is_neg()) {
            first = zero<acc_t>();
        }
        if (CONFIG_T::relu != 0 && second.is_neg()) {
            second = zero<acc_t>();
        }
        res[g] = quantised<res_T>(first);
        res[CONFIG_T::n_features + g] = quantised<res_T>(second);
    }
}

// One block that all pairs of its share pass in turn.
template <class CONFIG_T, class near_T, class far_T, class res_T>
void edge_join_shared(const near_T *near_i, const near_T *near_j, const far_T *far_i,
                      const far_T *far_j, const typename CONFIG_T::acc_t *shared, res_T *res) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    edge_join_pair<CONFIG_T, near_T, far_T, res_T>(near_i, near_j, far_i, far_j, shared, res);
}

// The edges of pair number `pair`, particles i < j.
template <class CONFIG_T, class near_T, class far_T, class res_T>
void edge_join_edges(const near_T *near, const far_T *far, int i, int j,
                     const typename CONFIG_T::acc_t *shared, res_T *res) {
    #pragma HLS INLINE
    const int width = CONFIG_T::n_features;
    const int pair = pair_number(i, j);
    if (CONFIG_T::reuse_factor == 1) {
        edge_join_pair<CONFIG_T, near_T, far_T, res_T>(near + i * width, near + j * width,
                                                       far + i * width, far + j * width, shared,
                                                       res + 2 * pair * width);
    } else {
        edge_join_shared<CONFIG_T, near_T, far_T, res_T>(near + i * width, near + j * width,
                                                         far + i * width, far + j * width, shared,
                                                         res + 2 * pair * width);
    }
}

// CONFIG_T: n_particles (M), n_features (G), relu, reuse_factor, n_lanes, acc_t (holds every sum)
template <class CONFIG_T, class near_T, class far_T, class res_T>
void edge_join(const near_T near[CONFIG_T::n_particles * CONFIG_T::n_features],
               const far_T far[CONFIG_T::n_particles * CONFIG_T::n_features], res_T *res) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION function instances=edge_join_shared<CONFIG_T, near_T, far_T, \
        res_T> limit=CONFIG_T::n_lanes
    typename CONFIG_T::acc_t nothing[CONFIG_T::n_features];
    #pragma HLS ARRAY_PARTITION variable=nothing complete
START:
    for (int g = 0; g < CONFIG_T::n_features; g++) {
        #pragma HLS UNROLL
        nothing[g] = zero<typename CONFIG_T::acc_t>();
    }
SECOND:
    for (int j = 1; j < CONFIG_T::n_particles; j++) {
        #pragma HLS UNROLL
    FIRST:
        for (int i = 0; i < j; i++) {
            #pragma HLS UNROLL
            edge_join_edges<CONFIG_T>(near, far, i, j, nothing, res);
        }
    }
}

// The same with features of the pairs: further n_pair (Q), pair_weight_t, pair_weight_code_t,
// pair_weight_size.
template <class CONFIG_T, class near_T, class far_T, class pair_T, class res_T>
void edge_join(
    const near_T near[CONFIG_T::n_particles * CONFIG_T::n_features],
    const far_T far[CONFIG_T::n_particles * CONFIG_T::n_features], const pair_T *pair, res_T *res,
    const typename CONFIG_T::pair_weight_code_t pair_weight[CONFIG_T::pair_weight_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=pair_weight complete
    #pragma HLS ALLOCATION function instances=edge_join_shared<CONFIG_T, near_T, far_T, \
        res_T> limit=CONFIG_T::n_lanes
    typedef typename CONFIG_T::acc_t acc_t;
SECOND:
    for (int j = 1; j < CONFIG_T::n_particles; j++) {
        #pragma HLS UNROLL
    FIRST:
        for (int i = 0; i < j; i++) {
            #pragma HLS UNROLL
            acc_t shared[CONFIG_T::n_features];
            #pragma HLS ARRAY_PARTITION variable=shared complete
        FEATURES:
            for (int g = 0; g < CONFIG_T::n_features; g++) {
                #pragma HLS UNROLL
                acc_t terms[CONFIG_T::n_pair];
                #pragma HLS ARRAY_PARTITION variable=terms complete
            PAIRS:
                for (int q = 0; q < CONFIG_T::n_pair; q++) {
                    #pragma HLS UNROLL
                    terms[q] = pair[pair_number(i, j) * CONFIG_T::n_pair + q] *
                               from_code<typename CONFIG_T::pair_weight_t>(
                                   pair_weight[q * CONFIG_T::n_features + g]);
                }
                shared[g] = tree_sum(terms);
            }
            edge_join_edges<CONFIG_T>(near, far, i, j, shared, res);
        }
    }
}

} // namespace triggernet

#endif
