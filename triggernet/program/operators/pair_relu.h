#ifndef TRIGGERNET_PAIR_RELU_H_
#define TRIGGERNET_PAIR_RELU_H_

// PairRelu: the sum over the pairs of present particles of ReLU(s_c d_ij + a_i + a_j).
//
// In hardware, for each pair and channel: two adders, a sign test that also looks at the two
// particles' presence (an AND a bit), rounding and saturation to z_t, and a leaf of the channel's
// adder tree; untied, all of it twice. No products, no memories. At the end one rounding and
// saturation a channel.
//
// Reuse factor 1: P leaves a channel in one tree of ceil(log2 P) levels. Reuse factor R: the pairs
// are visited in R steps of n_lanes = ceil(P / R); ALLOCATION gives n_lanes copies of the block of
// one pair (all its channels), each used in R successive cycles behind multiplexers of R inputs for
// d_ij, a_i and a_j; the tree has n_lanes leaves and its result is added to an accumulator.

#include "common.h"

namespace triggernet {

// z of one pair, all channels. CONFIG_T::sign(c) is -1, 0 or 1.
template <class CONFIG_T, class d_T, class a_T>
void pair_relu_block(const d_T &d, const a_T a_i[CONFIG_T::n_terms],
                     const a_T a_j[CONFIG_T::n_terms], bool keep,
                     typename CONFIG_T::z_t z[CONFIG_T::n_terms]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::exact_t exact_t;
TERMS:
    for (int t = 0; t < CONFIG_T::n_terms; t++) {
        #pragma HLS UNROLL
        const int c = t % CONFIG_T::n_channels;
        // Untied: the term of i in channel c meets that of j in C + c, and the other way round.
        const int partner = CONFIG_T::n_terms == CONFIG_T::n_channels
                                ? t
                                : (t + CONFIG_T::n_channels) % CONFIG_T::n_terms;
        const exact_t terms = a_i[t] + a_j[partner];
        const exact_t x = CONFIG_T::sign(c) == 0  ? terms
                          : CONFIG_T::sign(c) > 0 ? exact_t(terms + d)
                                                  : exact_t(terms - d);
        z[t] = quantised<typename CONFIG_T::z_t>(keep && !x.is_neg() ? x : zero<exact_t>());
    }
}

template <class CONFIG_T, class d_T, class a_T>
void pair_relu_shared(const d_T &d, const a_T a_i[CONFIG_T::n_terms],
                      const a_T a_j[CONFIG_T::n_terms], bool keep,
                      typename CONFIG_T::z_t z[CONFIG_T::n_terms]) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    #pragma HLS ARRAY_PARTITION variable=a_i complete
    #pragma HLS ARRAY_PARTITION variable=a_j complete
    #pragma HLS ARRAY_PARTITION variable=z complete
    pair_relu_block<CONFIG_T, d_T, a_T>(d, a_i, a_j, keep, z);
}

// The leaves of one step, of the pairs from (i, j) on; moves (i, j) to the next step's first pair.
template <class CONFIG_T, class d_T, class a_T>
void pair_relu_step(const d_T *d, const a_T *a, bool there[CONFIG_T::n_particles], int &i, int &j,
                    typename CONFIG_T::acc_t leaves[CONFIG_T::n_channels][CONFIG_T::n_leaves]) {
    #pragma HLS INLINE
    const int width = CONFIG_T::n_terms;
LANES:
    for (int lane = 0; lane < CONFIG_T::n_lanes; lane++) {
        #pragma HLS UNROLL
        typename CONFIG_T::z_t z[CONFIG_T::n_terms];
        #pragma HLS ARRAY_PARTITION variable=z complete
        const bool more = j < CONFIG_T::n_particles;
        if (more) {
            const bool keep = there[i] && there[j];
            const int pair = pair_number(i, j);
            if (CONFIG_T::reuse_factor == 1) {
                pair_relu_block<CONFIG_T, d_T, a_T>(d[pair], a + i * width, a + j * width, keep, z);
            } else {
                pair_relu_shared<CONFIG_T, d_T, a_T>(d[pair], a + i * width, a + j * width, keep,
                                                     z);
            }
            i++;
            if (i == j) {
                i = 0;
                j++;
            }
        }
    TERMS:
        for (int t = 0; t < CONFIG_T::n_terms; t++) {
            #pragma HLS UNROLL
            const int leaf = lane * (width / CONFIG_T::n_channels) + t / CONFIG_T::n_channels;
            leaves[t % CONFIG_T::n_channels][leaf] = more ? z[t] : zero<typename CONFIG_T::z_t>();
        }
    }
}

// CONFIG_T: n_constituents (N), n_particles (M), n_channels (C), n_terms (C tied, 2 C untied),
// reuse_factor, n_lanes, n_leaves (n_lanes n_terms / C), sign(c), exact_t (holds the sum of three),
// z_t (with its rounding), acc_t (holds the sum over all pairs).
template <class CONFIG_T, class d_T, class a_T, class present_T, class res_T>
void pair_relu(const d_T d[CONFIG_T::n_particles * (CONFIG_T::n_particles - 1) / 2],
               const a_T a[CONFIG_T::n_particles * CONFIG_T::n_terms],
               const present_T present[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_channels]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typedef typename CONFIG_T::acc_t acc_t;
    #pragma HLS ALLOCATION function instances=pair_relu_shared<CONFIG_T, d_T, \
        a_T> limit=CONFIG_T::n_lanes
    bool there[CONFIG_T::n_particles];
    acc_t leaves[CONFIG_T::n_channels][CONFIG_T::n_leaves];
    acc_t total[CONFIG_T::n_channels];
    #pragma HLS ARRAY_PARTITION variable=there complete
    #pragma HLS ARRAY_PARTITION variable=leaves complete dim=0
    #pragma HLS ARRAY_PARTITION variable=total complete
    find_present<CONFIG_T>(present, there);
START:
    for (int c = 0; c < CONFIG_T::n_channels; c++) {
        #pragma HLS UNROLL
        total[c] = zero<acc_t>();
    }
    int i = 0, j = 1; // constants once the loops are unrolled
STEPS:
    for (int step = 0; step < CONFIG_T::reuse_factor; step++) {
        #pragma HLS UNROLL
        pair_relu_step<CONFIG_T>(d, a, there, i, j, leaves);
    CHANNELS:
        for (int c = 0; c < CONFIG_T::n_channels; c++) {
            #pragma HLS UNROLL
            accumulate(total[c], tree_sum(leaves[c]));
        }
    }
RESULTS:
    for (int c = 0; c < CONFIG_T::n_channels; c++) {
        #pragma HLS UNROLL
        res[c] = quantised<res_T>(total[c]);
    }
}

} // namespace triggernet

#endif
