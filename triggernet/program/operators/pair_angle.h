#ifndef TRIGGERNET_PAIR_ANGLE_H_
#define TRIGGERNET_PAIR_ANGLE_H_

// PairAngle: how far the particles of each pair i < j are apart: a function of the difference of
// their eta plus one of the difference of their phi.
//
// In hardware, for each of the M (M - 1) / 2 pairs: two subtractors and conditional negations (the
// table addresses), two reads of ROMs in LUTs (rom_np: a port a read), one adder, then rounding and
// saturation.
//
// Reuse factor 1: everything inline. Reuse factor R: the pairs are visited in R steps of n_lanes =
// ceil(pairs / R); ALLOCATION gives n_lanes copies of the block of one pair.

#include "common.h"

namespace triggernet {

template <class CONFIG_T, class eta_T, class phi_T, class res_T>
res_T pair_distance(const eta_T &eta_i, const eta_T &eta_j, const phi_T &phi_i, const phi_T &phi_j,
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::table_t table_t;
    const table_t along_eta = from_code<table_t>(eta_table[distance(eta_i, eta_j)]);
    const table_t along_phi = from_code<table_t>(phi_table[distance(phi_i, phi_j)]);
    const typename CONFIG_T::angle_t angle = along_eta + along_phi;
    return quantised<res_T>(angle);
}

template <class CONFIG_T, class eta_T, class phi_T, class res_T>
res_T pair_distance_shared(const eta_T &eta_i, const eta_T &eta_j, const phi_T &phi_i,
                           const phi_T &phi_j,
                           const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                           const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    return pair_distance<CONFIG_T, eta_T, phi_T, res_T>(eta_i, eta_j, phi_i, phi_j, eta_table,
                                                        phi_table);
}

// CONFIG_T: n_particles (M), n_pairs, reuse_factor, n_lanes, code_t (of both tables), table_t,
// eta_size, phi_size, angle_t (holds the sum of two entries)
template <class CONFIG_T, class eta_T, class phi_T, class res_T>
void pair_angle(const eta_T eta[CONFIG_T::n_particles], const phi_T phi[CONFIG_T::n_particles],
                res_T res[CONFIG_T::n_pairs],
                const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    #pragma HLS ALLOCATION function instances=pair_distance_shared<CONFIG_T, eta_T, phi_T, \
        res_T> limit=CONFIG_T::n_lanes
    int i = 0, j = 1; // constants once the loops are unrolled
STEPS:
    for (int step = 0; step < CONFIG_T::reuse_factor; step++) {
        #pragma HLS UNROLL
    LANES:
        for (int lane = 0; lane < CONFIG_T::n_lanes; lane++) {
            #pragma HLS UNROLL
            if (j < CONFIG_T::n_particles) {
                res[pair_number(i, j)] =
                    CONFIG_T::reuse_factor == 1
                        ? pair_distance<CONFIG_T, eta_T, phi_T, res_T>(
                              eta[i], eta[j], phi[i], phi[j], eta_table, phi_table)
                        : pair_distance_shared<CONFIG_T, eta_T, phi_T, res_T>(
                              eta[i], eta[j], phi[i], phi[j], eta_table, phi_table);
                i++;
                if (i == j) {
                    i = 0;
                    j++;
                }
            }
        }
    }
}

} // namespace triggernet

#endif
