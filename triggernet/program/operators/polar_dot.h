#ifndef TRIGGERNET_POLAR_DOT_H_
#define TRIGGERNET_POLAR_DOT_H_

// PairDotPolar, JetDotPolar, JetMassPolar: Minkowski products from polar coordinates in the jet
// frame, of all pairs i < j of the constituents, the jet and the beams; of every particle with the
// jet; of the jet with itself.
//
// In hardware, for each of the N (N - 1) / 2 pairs of constituents:
//   distance       two subtractors and conditional negations: the table addresses
//   tables         cosh x - 1 and 1 - cos x: two reads of ROMs in LUTs (rom_np: a port a read)
//   product        pt_i pt_j: one multiplier, rounded and saturated
//   angle          one adder; product * angle: one multiplier, rounded and saturated
// A constituent with the jet: two ROM reads, two multipliers and an adder for the inner factor,
// rounded and saturated, and one multiplier with pt_i. A constituent with a beam: one ROM read and
// one multiplier; the opposite beam reads the mirrored entry. The mass is one multiplier.
//
// Reuse factor 1: everything inline, a multiplier for every product. Reuse factor R: the pairs are
// visited in R steps of n_lanes = ceil(pairs / R); ALLOCATION gives n_lanes copies of the block of
// one pair, ROM reads included (functions named _shared: RTL modules of their own), each used in R
// successive cycles behind multiplexers of R inputs. The constituents' products with the jet are
// folded likewise over jet_lanes = ceil(N / R) copies. Products with the beams stay parallel.

#include "common.h"

namespace triggernet {

template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
res_T polar_product(const pt_T &pt_i, const pt_T &pt_j, const eta_T &eta_i, const eta_T &eta_j,
                    const phi_T &phi_i, const phi_T &phi_j,
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::table_t table_t;
    const table_t cosh_minus_1 = from_code<table_t>(eta_table[distance(eta_i, eta_j)]);
    const table_t one_minus_cos = from_code<table_t>(phi_table[distance(phi_i, phi_j)]);
    const typename CONFIG_T::angle_t angle = cosh_minus_1 + one_minus_cos;
    typedef typename CONFIG_T::product_t product_t;
    const product_t product = quantised<product_t>(pt_i * pt_j);
    return quantised<res_T>(product * angle);
}

template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
res_T polar_product_shared(const pt_T &pt_i, const pt_T &pt_j, const eta_T &eta_i,
                           const eta_T &eta_j, const phi_T &phi_i, const phi_T &phi_j,
                           const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                           const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    return polar_product<CONFIG_T, pt_T, eta_T, phi_T, res_T>(pt_i, pt_j, eta_i, eta_j, phi_i,
                                                              phi_j, eta_table, phi_table);
}

// pt_i times the inner factor: jet_pt (cosh eta_i - cos phi_i) + jet_excess cosh eta_i.
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
res_T polar_jet_product(const pt_T &pt, const eta_T &eta, const phi_T &phi, const jet_pt_T &jet_pt,
                        const excess_T &jet_excess,
                        const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                        const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::table_t table_t;
    const table_t cosh_minus_1 = from_code<table_t>(eta_table[magnitude(code_of(eta))]);
    const table_t one_minus_cos = from_code<table_t>(phi_table[magnitude(code_of(phi))]);
    const typename CONFIG_T::angle_t angle = cosh_minus_1 + one_minus_cos;
    const typename CONFIG_T::cosh_t cosh = cosh_minus_1 + ap_ufixed<1, 1>(1);
    const typename CONFIG_T::inner_exact_t exact = jet_pt * angle + jet_excess * cosh;
    typedef typename CONFIG_T::inner_t inner_t;
    const inner_t inner = quantised<inner_t>(exact);
    return quantised<res_T>(pt * inner);
}

template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
res_T polar_jet_product_shared(const pt_T &pt, const eta_T &eta, const phi_T &phi,
                               const jet_pt_T &jet_pt, const excess_T &jet_excess,
                               const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                               const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    return polar_jet_product<CONFIG_T, pt_T, eta_T, phi_T, jet_pt_T, excess_T, res_T>(
        pt, eta, phi, jet_pt, jet_excess, eta_table, phi_table);
}

// The products of the constituents with the jet.
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void polar_jet(const pt_T *pt, const eta_T *eta, const phi_T *phi, const jet_pt_T *jet_pt,
               const excess_T *jet_excess, res_T *res, const typename CONFIG_T::code_t *eta_table,
               const typename CONFIG_T::code_t *phi_table) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION function instances=polar_jet_product_shared<CONFIG_T, pt_T, eta_T, \
        phi_T, jet_pt_T, excess_T, res_T> limit=CONFIG_T::jet_lanes
STEPS:
    for (int step = 0; step < CONFIG_T::reuse_factor; step++) {
        #pragma HLS UNROLL
    LANES:
        for (int lane = 0; lane < CONFIG_T::jet_lanes; lane++) {
            #pragma HLS UNROLL
            const int i = step * CONFIG_T::jet_lanes + lane;
            if (i < CONFIG_T::n_constituents) {
                res[i] =
                    CONFIG_T::reuse_factor == 1
                        ? polar_jet_product<CONFIG_T, pt_T, eta_T, phi_T, jet_pt_T, excess_T,
                                            res_T>(pt[i], eta[i], phi[i], jet_pt[0], jet_excess[0],
                                                   eta_table, phi_table)
                        : polar_jet_product_shared<CONFIG_T, pt_T, eta_T, phi_T, jet_pt_T, excess_T,
                                                   res_T>(pt[i], eta[i], phi[i], jet_pt[0],
                                                          jet_excess[0], eta_table, phi_table);
            }
        }
    }
}

template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
void polar_constituents(const pt_T *pt, const eta_T *eta, const phi_T *phi, res_T *res,
                        const typename CONFIG_T::code_t *eta_table,
                        const typename CONFIG_T::code_t *phi_table) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION function instances=polar_product_shared<CONFIG_T, pt_T, eta_T, \
        phi_T, res_T> limit=CONFIG_T::n_lanes
    int i = 0, j = 1; // constants once the loops are unrolled
STEPS:
    for (int step = 0; step < CONFIG_T::reuse_factor; step++) {
        #pragma HLS UNROLL
    LANES:
        for (int lane = 0; lane < CONFIG_T::n_lanes; lane++) {
            #pragma HLS UNROLL
            if (j < CONFIG_T::n_constituents) {
                res[pair_number(i, j)] =
                    CONFIG_T::reuse_factor == 1
                        ? polar_product<CONFIG_T, pt_T, eta_T, phi_T, res_T>(
                              pt[i], pt[j], eta[i], eta[j], phi[i], phi[j], eta_table, phi_table)
                        : polar_product_shared<CONFIG_T, pt_T, eta_T, phi_T, res_T>(
                              pt[i], pt[j], eta[i], eta[j], phi[i], phi[j], eta_table, phi_table);
                i++;
                if (i == j) {
                    i = 0;
                    j++;
                }
            }
        }
    }
}

// With the beams (1, 0, 0, +-1): p . b = pt exp(-+ eta); entry k of the table is exp(-x) at
// x = k - 2**(w - 1), w the width of eta. The mirror of the most negative code is the largest.
template <class CONFIG_T, class pt_T, class eta_T, class res_T>
void polar_beams(const pt_T *pt, const eta_T *eta, res_T *res,
                 const typename CONFIG_T::exp_code_t *exp_table) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::exp_t exp_t;
    const int plus = CONFIG_T::n_constituents + CONFIG_T::n_jets;
    const int last = CONFIG_T::exp_size - 1;
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_constituents; i++) {
        #pragma HLS UNROLL
        const ap_uint<eta_T::width> address = code_of(eta[i]) + ap_int<eta_T::width + 1>((last + 1) / 2);
        const ap_int<eta_T::width + 2> mirrored = ap_int<eta_T::width + 2>(last + 1) - address;
        const ap_uint<eta_T::width> mirror =
            mirrored > last ? ap_int<eta_T::width + 2>(last) : mirrored;
        res[pair_number(i, plus)] = quantised<res_T>(pt[i] * from_code<exp_t>(exp_table[address]));
        res[pair_number(i, plus + 1)] =
            quantised<res_T>(pt[i] * from_code<exp_t>(exp_table[mirror]));
    }
    res[pair_number(plus, plus + 1)] = quantised<res_T>(ap_ufixed<2, 2>(2));
}

// The jet with the beams: its energy, twice.
template <class CONFIG_T, class jet_pt_T, class excess_T, class res_T>
void polar_jet_beams(const jet_pt_T *jet_pt, const excess_T *jet_excess, res_T *res) {
    #pragma HLS INLINE
    const int jet = CONFIG_T::n_constituents;
    res[pair_number(jet, jet + 1)] = quantised<res_T>(jet_pt[0] + jet_excess[0]);
    res[pair_number(jet, jet + 2)] = quantised<res_T>(jet_pt[0] + jet_excess[0]);
}

// CONFIG_T: n_constituents, n_jets, reuse_factor, n_lanes, code_t (of both tables), table_t,
// eta_size, phi_size, angle_t (holds the sum of two entries), product_t (with its rounding).
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
void pair_dot_polar(const pt_T pt[CONFIG_T::n_constituents],
                    const eta_T eta[CONFIG_T::n_constituents],
                    const phi_T phi[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    polar_constituents<CONFIG_T>(pt, eta, phi, res, eta_table, phi_table);
}

// With the beams. CONFIG_T also: exp_code_t, exp_t, exp_size.
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
void pair_dot_polar(const pt_T pt[CONFIG_T::n_constituents],
                    const eta_T eta[CONFIG_T::n_constituents],
                    const phi_T phi[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size],
                    const typename CONFIG_T::exp_code_t exp_table[CONFIG_T::exp_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=exp_table type=rom_np impl=lutram
    polar_constituents<CONFIG_T>(pt, eta, phi, res, eta_table, phi_table);
    polar_beams<CONFIG_T>(pt, eta, res, exp_table);
}

// With the jet. CONFIG_T also: jet_lanes, cosh_t, inner_exact_t, inner_t (with its rounding).
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void pair_dot_polar(const pt_T pt[CONFIG_T::n_constituents],
                    const eta_T eta[CONFIG_T::n_constituents],
                    const phi_T phi[CONFIG_T::n_constituents], const jet_pt_T jet_pt[1],
                    const excess_T jet_excess[1], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    polar_constituents<CONFIG_T>(pt, eta, phi, res, eta_table, phi_table);
    polar_jet<CONFIG_T>(pt, eta, phi, jet_pt, jet_excess,
                        res + pair_number(0, CONFIG_T::n_constituents), eta_table, phi_table);
}

// With the jet and the beams.
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void pair_dot_polar(const pt_T pt[CONFIG_T::n_constituents],
                    const eta_T eta[CONFIG_T::n_constituents],
                    const phi_T phi[CONFIG_T::n_constituents], const jet_pt_T jet_pt[1],
                    const excess_T jet_excess[1], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size],
                    const typename CONFIG_T::exp_code_t exp_table[CONFIG_T::exp_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    pair_dot_polar<CONFIG_T>(pt, eta, phi, jet_pt, jet_excess, res, eta_table, phi_table);
    #pragma HLS BIND_STORAGE variable=exp_table type=rom_np impl=lutram
    polar_beams<CONFIG_T>(pt, eta, res, exp_table);
    polar_jet_beams<CONFIG_T>(jet_pt, jet_excess, res);
}

// J . J = excess (2 pt + excess), from excess = m_T - p_T.
template <class res_T, class jet_pt_T, class excess_T>
res_T polar_mass(const jet_pt_T &jet_pt, const excess_T &excess) {
    #pragma HLS INLINE
    return quantised<res_T>(excess * (jet_pt * ap_ufixed<2, 2>(2) + excess));
}

// CONFIG_T: n_constituents, n_beams, reuse_factor, jet_lanes, code_t, table_t, eta_size, phi_size,
// angle_t (sum of two entries), cosh_t (1 + an entry), inner_exact_t (sum of two products),
// inner_t (with its rounding).
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void jet_dot_polar(const pt_T pt[CONFIG_T::n_constituents],
                   const eta_T eta[CONFIG_T::n_constituents],
                   const phi_T phi[CONFIG_T::n_constituents], const jet_pt_T jet_pt[1],
                   const excess_T jet_excess[1], res_T res[CONFIG_T::n_particles],
                   const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                   const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    const int jet = CONFIG_T::n_constituents;
    const int beam = CONFIG_T::n_constituents + CONFIG_T::n_jets;
    polar_jet<CONFIG_T>(pt, eta, phi, jet_pt, jet_excess, res, eta_table, phi_table);
    if (CONFIG_T::n_jets != 0) {
        res[jet] = polar_mass<res_T>(jet_pt[0], jet_excess[0]);
    }
    if (CONFIG_T::n_beams != 0) {
        res[beam] = quantised<res_T>(jet_pt[0] + jet_excess[0]);
        res[beam + 1] = quantised<res_T>(jet_pt[0] + jet_excess[0]);
    }
}

template <class CONFIG_T, class jet_pt_T, class excess_T, class res_T>
void jet_mass_polar(const jet_pt_T jet_pt[1], const excess_T jet_excess[1], res_T res[1]) {
    res[0] = polar_mass<res_T>(jet_pt[0], jet_excess[0]);
}

} // namespace triggernet

#endif
