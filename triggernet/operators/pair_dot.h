#ifndef TRIGGERNET_PAIR_DOT_H_
#define TRIGGERNET_PAIR_DOT_H_

// PairDotPolar, PairDotCartesian: the Minkowski products of all pairs i < j of the constituents,
// the jet and the two beams. The result of pair (i, j) is number j (j - 1) / 2 + i.
//
// In hardware, polar, for each of the N (N - 1) / 2 pairs of constituents:
//   distance            two subtractors and conditional negations: the table addresses
//   tables              cosh x - 1 and 1 - cos x: two ROMs in LUTs (rom_np: as many ports as reads)
//   product             pt_i pt_j: one multiplier, rounded and saturated
//   angle               one adder; product * angle: one multiplier, rounded and saturated
// A constituent with the jet: two ROM reads, two multipliers for the inner factor, one for pt_i. A
// constituent with a beam: one ROM read, one multiplier; the opposite beam reads the mirrored entry.
// Cartesian, for each pair: four multipliers, three adders; with a beam one adder.
//
// Reuse factor 1: everything inline, a multiplier for every product. Reuse factor R: the pairs are
// visited in R steps of n_lanes = ceil(pairs / R); ALLOCATION gives n_lanes copies of the block of
// one pair, ROM reads included, each used in R successive cycles behind multiplexers of R inputs.
// The pairs with the jet are folded in the same way over jet_lanes copies of their own block.

#include "minkowski.h"

namespace triggernet {

// Position of the pair (i, j), i < j.
constexpr int pair_number(int i, int j) { return j * (j - 1) / 2 + i; }

template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
void polar_constituents(pt_T *pt, eta_T *eta, phi_T *phi, res_T *res,
                        const typename CONFIG_T::code_t *eta_table,
                        const typename CONFIG_T::code_t *phi_table) {
    #pragma HLS INLINE
    #pragma HLS ALLOCATION function instances=polar_product_shared<CONFIG_T, pt_T, eta_T, phi_T, \
        res_T> limit=CONFIG_T::n_lanes
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
void polar_beams(pt_T *pt, eta_T *eta, res_T *res, const typename CONFIG_T::exp_code_t *exp_table) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::exp_t exp_t;
    const int plus = CONFIG_T::n_constituents + CONFIG_T::n_jets;
    const int last = CONFIG_T::exp_size - 1;
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_constituents; i++) {
        #pragma HLS UNROLL
        const ap_uint<eta_T::width> address = eta[i] + ap_int<eta_T::width + 1>((last + 1) / 2);
        const ap_int<eta_T::width + 2> mirrored = ap_int<eta_T::width + 2>(last + 1) - address;
        const ap_uint<eta_T::width> mirror = mirrored > last ? ap_int<eta_T::width + 2>(last)
                                                             : mirrored;
        res[pair_number(i, plus)] = pt[i] * from_code<exp_t>(exp_table[address]);
        res[pair_number(i, plus + 1)] = pt[i] * from_code<exp_t>(exp_table[mirror]);
    }
    res[pair_number(plus, plus + 1)] = ap_ufixed<2, 2>(2);
}

// The jet with the beams: its energy, twice.
template <class CONFIG_T, class jet_pt_T, class excess_T, class res_T>
void polar_jet_beams(jet_pt_T *jet_pt, excess_T *jet_excess, res_T *res) {
    #pragma HLS INLINE
    const int jet = CONFIG_T::n_constituents;
    res[pair_number(jet, jet + 1)] = jet_pt[0] + jet_excess[0];
    res[pair_number(jet, jet + 2)] = jet_pt[0] + jet_excess[0];
}

// CONFIG_T: n_constituents, n_jets, reuse_factor, n_lanes, code_t (of both tables), table_t,
// eta_size, phi_size, angle_t (holds the sum of two entries), product_t (with its rounding).
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
void pair_dot_polar(pt_T pt[CONFIG_T::n_constituents], eta_T eta[CONFIG_T::n_constituents],
                    phi_T phi[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    polar_constituents<CONFIG_T>(pt, eta, phi, res, eta_table, phi_table);
}

// With the beams. CONFIG_T also: exp_code_t, exp_t, exp_size.
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class res_T>
void pair_dot_polar(pt_T pt[CONFIG_T::n_constituents], eta_T eta[CONFIG_T::n_constituents],
                    phi_T phi[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size],
                    const typename CONFIG_T::exp_code_t exp_table[CONFIG_T::exp_size]) {
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=exp_table type=rom_np impl=lutram
    polar_constituents<CONFIG_T>(pt, eta, phi, res, eta_table, phi_table);
    polar_beams<CONFIG_T>(pt, eta, res, exp_table);
}

// With the jet. CONFIG_T also: jet_lanes, cosh_t, inner_exact_t, inner_t (with its rounding).
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void pair_dot_polar(pt_T pt[CONFIG_T::n_constituents], eta_T eta[CONFIG_T::n_constituents],
                    phi_T phi[CONFIG_T::n_constituents], jet_pt_T jet_pt[1],
                    excess_T jet_excess[1], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    polar_constituents<CONFIG_T>(pt, eta, phi, res, eta_table, phi_table);
    polar_jet<CONFIG_T>(pt, eta, phi, jet_pt, jet_excess,
                        res + pair_number(0, CONFIG_T::n_constituents), eta_table, phi_table);
}

// With the jet and the beams.
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void pair_dot_polar(pt_T pt[CONFIG_T::n_constituents], eta_T eta[CONFIG_T::n_constituents],
                    phi_T phi[CONFIG_T::n_constituents], jet_pt_T jet_pt[1],
                    excess_T jet_excess[1], res_T res[CONFIG_T::n_pairs],
                    const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                    const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size],
                    const typename CONFIG_T::exp_code_t exp_table[CONFIG_T::exp_size]) {
    pair_dot_polar<CONFIG_T>(pt, eta, phi, jet_pt, jet_excess, res, eta_table, phi_table);
    #pragma HLS BIND_STORAGE variable=exp_table type=rom_np impl=lutram
    polar_beams<CONFIG_T>(pt, eta, res, exp_table);
    polar_jet_beams<CONFIG_T>(jet_pt, jet_excess, res);
}

template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class res_T>
void cartesian_constituents(e_T *e, px_T *px, py_T *py, pz_T *pz, res_T *res) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::dot_t dot_t;
    #pragma HLS ALLOCATION function instances=cartesian_product_shared<res_T, dot_t, e_T, px_T, \
        py_T, pz_T, e_T, px_T, py_T, pz_T> limit=CONFIG_T::n_lanes
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
                        ? cartesian_product<res_T, dot_t>(e[i], px[i], py[i], pz[i], e[j], px[j],
                                                          py[j], pz[j])
                        : cartesian_product_shared<res_T, dot_t>(e[i], px[i], py[i], pz[i], e[j],
                                                                 px[j], py[j], pz[j]);
                i++;
                if (i == j) {
                    i = 0;
                    j++;
                }
            }
        }
    }
}

template <class CONFIG_T, class e_T, class pz_T, class res_T>
void cartesian_beams(e_T *e, pz_T *pz, res_T *res) {
    #pragma HLS INLINE
    const int plus = CONFIG_T::n_constituents + CONFIG_T::n_jets;
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_constituents; i++) {
        #pragma HLS UNROLL
        res[pair_number(i, plus)] = e[i] - pz[i];
        res[pair_number(i, plus + 1)] = e[i] + pz[i];
    }
    res[pair_number(plus, plus + 1)] = ap_ufixed<2, 2>(2);
}

// CONFIG_T: n_constituents, n_jets, n_beams, n_pairs, reuse_factor, n_lanes, dot_t (holds the sum
// of four products).
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class res_T>
void pair_dot_cartesian(e_T e[CONFIG_T::n_constituents], px_T px[CONFIG_T::n_constituents],
                        py_T py[CONFIG_T::n_constituents], pz_T pz[CONFIG_T::n_constituents],
                        res_T res[CONFIG_T::n_pairs]) {
    cartesian_constituents<CONFIG_T>(e, px, py, pz, res);
    if (CONFIG_T::n_beams != 0) {
        cartesian_beams<CONFIG_T>(e, pz, res);
    }
}

// With the jet, which has types of its own. CONFIG_T also: jet_lanes, jet_dot_t.
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class je_T, class jx_T,
          class jy_T, class jz_T, class res_T>
void pair_dot_cartesian(e_T e[CONFIG_T::n_constituents], px_T px[CONFIG_T::n_constituents],
                        py_T py[CONFIG_T::n_constituents], pz_T pz[CONFIG_T::n_constituents],
                        je_T jet_e[1], jx_T jet_px[1], jy_T jet_py[1], jz_T jet_pz[1],
                        res_T res[CONFIG_T::n_pairs]) {
    pair_dot_cartesian<CONFIG_T>(e, px, py, pz, res);
    const int jet = CONFIG_T::n_constituents;
    cartesian_jet<CONFIG_T>(e, px, py, pz, jet_e, jet_px, jet_py, jet_pz,
                            res + pair_number(0, jet));
    if (CONFIG_T::n_beams != 0) {
        res[pair_number(jet, jet + 1)] = jet_e[0] - jet_pz[0];
        res[pair_number(jet, jet + 2)] = jet_e[0] + jet_pz[0];
    }
}

} // namespace triggernet

#endif
