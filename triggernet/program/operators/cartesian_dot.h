#ifndef TRIGGERNET_CARTESIAN_DOT_H_
#define TRIGGERNET_CARTESIAN_DOT_H_

// PairDotCartesian, JetDotCartesian, JetMassCartesian: Minkowski products from (E, px, py, pz), of
// all pairs i < j of the constituents, the jet and the beams; of every particle with the jet; of
// the jet with itself. Metric (+,-,-,-).
//
// In hardware, for each product: four multipliers and three adders in two levels, then rounding and
// saturation; with a beam one adder.
//
// Reuse factor 1: everything inline, four multipliers a pair. Reuse factor R: the pairs are visited
// in R steps of n_lanes = ceil(pairs / R); ALLOCATION gives n_lanes copies of the block of one pair
// (cartesian_product_shared: an RTL module of its own), each used in R successive cycles behind
// multiplexers of R inputs. The constituents' products with the jet are folded likewise over
// jet_lanes = ceil(N / R) copies.

#include "common.h"

namespace triggernet {

// Four products and their exact sum, in dot_T, and rounded to res_T.
template <class res_T, class dot_T, class e_T, class px_T, class py_T, class pz_T, class f_T,
          class qx_T, class qy_T, class qz_T>
res_T cartesian_product(const e_T &e, const px_T &px, const py_T &py, const pz_T &pz, const f_T &f,
                        const qx_T &qx, const qy_T &qy, const qz_T &qz) {
    #pragma HLS INLINE
    const dot_T exact = e * f - px * qx - py * qy - pz * qz;
    return quantised<res_T>(exact);
}

template <class res_T, class dot_T, class e_T, class px_T, class py_T, class pz_T, class f_T,
          class qx_T, class qy_T, class qz_T>
res_T cartesian_product_shared(const e_T &e, const px_T &px, const py_T &py, const pz_T &pz,
                               const f_T &f, const qx_T &qx, const qy_T &qy, const qz_T &qz) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    return cartesian_product<res_T, dot_T, e_T, px_T, py_T, pz_T, f_T, qx_T, qy_T, qz_T>(
        e, px, py, pz, f, qx, qy, qz);
}

// The products of the constituents with the jet.
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class je_T, class jx_T,
          class jy_T, class jz_T, class res_T>
void cartesian_jet(const e_T *e, const px_T *px, const py_T *py, const pz_T *pz, const je_T *jet_e,
                   const jx_T *jet_px, const jy_T *jet_py, const jz_T *jet_pz, res_T *res) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typedef typename CONFIG_T::jet_dot_t dot_t;
    #pragma HLS ALLOCATION function instances=cartesian_product_shared<res_T, dot_t, e_T, px_T, \
        py_T, pz_T, je_T, jx_T, jy_T, jz_T> limit=CONFIG_T::jet_lanes
STEPS:
    for (int step = 0; step < CONFIG_T::reuse_factor; step++) {
        #pragma HLS UNROLL
    LANES:
        for (int lane = 0; lane < CONFIG_T::jet_lanes; lane++) {
            #pragma HLS UNROLL
            const int i = step * CONFIG_T::jet_lanes + lane;
            if (i < CONFIG_T::n_constituents) {
                res[i] = CONFIG_T::reuse_factor == 1
                             ? cartesian_product<res_T, dot_t>(e[i], px[i], py[i], pz[i], jet_e[0],
                                                               jet_px[0], jet_py[0], jet_pz[0])
                             : cartesian_product_shared<res_T, dot_t>(e[i], px[i], py[i], pz[i],
                                                                      jet_e[0], jet_px[0],
                                                                      jet_py[0], jet_pz[0]);
            }
        }
    }
}

template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class res_T>
void cartesian_constituents(const e_T *e, const px_T *px, const py_T *py, const pz_T *pz,
                            res_T *res) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
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
void cartesian_beams(const e_T *e, const pz_T *pz, res_T *res) {
    #pragma HLS INLINE
    const int plus = CONFIG_T::n_constituents + CONFIG_T::n_jets;
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_constituents; i++) {
        #pragma HLS UNROLL
        res[pair_number(i, plus)] = quantised<res_T>(e[i] - pz[i]);
        res[pair_number(i, plus + 1)] = quantised<res_T>(e[i] + pz[i]);
    }
    res[pair_number(plus, plus + 1)] = quantised<res_T>(ap_ufixed<2, 2>(2));
}

// CONFIG_T: n_constituents, n_jets, n_beams, n_pairs, reuse_factor, n_lanes, dot_t (holds the sum
// of four products).
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class res_T>
void pair_dot_cartesian(const e_T e[CONFIG_T::n_constituents],
                        const px_T px[CONFIG_T::n_constituents],
                        const py_T py[CONFIG_T::n_constituents],
                        const pz_T pz[CONFIG_T::n_constituents], res_T res[CONFIG_T::n_pairs]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    cartesian_constituents<CONFIG_T>(e, px, py, pz, res);
    if (CONFIG_T::n_beams != 0) {
        cartesian_beams<CONFIG_T>(e, pz, res);
    }
}

// With the jet, which has types of its own. CONFIG_T also: jet_lanes, jet_dot_t.
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class je_T, class jx_T,
          class jy_T, class jz_T, class res_T>
void pair_dot_cartesian(const e_T e[CONFIG_T::n_constituents],
                        const px_T px[CONFIG_T::n_constituents],
                        const py_T py[CONFIG_T::n_constituents],
                        const pz_T pz[CONFIG_T::n_constituents], const je_T jet_e[1],
                        const jx_T jet_px[1], const jy_T jet_py[1], const jz_T jet_pz[1],
                        res_T res[CONFIG_T::n_pairs]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    pair_dot_cartesian<CONFIG_T>(e, px, py, pz, res);
    const int jet = CONFIG_T::n_constituents;
    cartesian_jet<CONFIG_T>(e, px, py, pz, jet_e, jet_px, jet_py, jet_pz,
                            res + pair_number(0, jet));
    if (CONFIG_T::n_beams != 0) {
        res[pair_number(jet, jet + 1)] = quantised<res_T>(jet_e[0] - jet_pz[0]);
        res[pair_number(jet, jet + 2)] = quantised<res_T>(jet_e[0] + jet_pz[0]);
    }
}

// CONFIG_T: n_constituents, n_jets, n_beams, reuse_factor, jet_lanes, jet_dot_t (sum of four
// products).
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class je_T, class jx_T,
          class jy_T, class jz_T, class res_T>
void jet_dot_cartesian(const e_T e[CONFIG_T::n_constituents],
                       const px_T px[CONFIG_T::n_constituents],
                       const py_T py[CONFIG_T::n_constituents],
                       const pz_T pz[CONFIG_T::n_constituents], const je_T jet_e[1],
                       const jx_T jet_px[1], const jy_T jet_py[1], const jz_T jet_pz[1],
                       res_T res[CONFIG_T::n_particles]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typedef typename CONFIG_T::mass_t mass_t;
    const int jet = CONFIG_T::n_constituents;
    const int beam = CONFIG_T::n_constituents + CONFIG_T::n_jets;
    cartesian_jet<CONFIG_T>(e, px, py, pz, jet_e, jet_px, jet_py, jet_pz, res);
    if (CONFIG_T::n_jets != 0) {
        res[jet] = cartesian_product<res_T, mass_t>(jet_e[0], jet_px[0], jet_py[0], jet_pz[0],
                                                    jet_e[0], jet_px[0], jet_py[0], jet_pz[0]);
    }
    if (CONFIG_T::n_beams != 0) {
        res[beam] = quantised<res_T>(jet_e[0] - jet_pz[0]);
        res[beam + 1] = quantised<res_T>(jet_e[0] + jet_pz[0]);
    }
}

// CONFIG_T: mass_t (sum of four products).
template <class CONFIG_T, class je_T, class jx_T, class jy_T, class jz_T, class res_T>
void jet_mass_cartesian(const je_T jet_e[1], const jx_T jet_px[1], const jy_T jet_py[1],
                        const jz_T jet_pz[1], res_T res[1]) {
    res[0] = cartesian_product<res_T, typename CONFIG_T::mass_t>(
        jet_e[0], jet_px[0], jet_py[0], jet_pz[0], jet_e[0], jet_px[0], jet_py[0], jet_pz[0]);
}

} // namespace triggernet

#endif
