#ifndef TRIGGERNET_MINKOWSKI_H_
#define TRIGGERNET_MINKOWSKI_H_

// Minkowski products of two particles, metric (+,-,-,-): the blocks that pair_dot.h and jet_dot.h
// repeat. What hardware each becomes is said there. The functions named _shared are the same block
// as an RTL module of its own, which the caller's ALLOCATION lets several calls use in turn.

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
    const typename CONFIG_T::product_t product = pt_i * pt_j;
    const res_T result = product * angle;
    return result;
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
    const table_t cosh_minus_1 = from_code<table_t>(eta_table[distance(eta, eta_T(0))]);
    const table_t one_minus_cos = from_code<table_t>(phi_table[distance(phi, phi_T(0))]);
    const typename CONFIG_T::angle_t angle = cosh_minus_1 + one_minus_cos;
    const typename CONFIG_T::cosh_t cosh = cosh_minus_1 + ap_ufixed<1, 1>(1);
    const typename CONFIG_T::inner_exact_t exact = jet_pt * angle + jet_excess * cosh;
    const typename CONFIG_T::inner_t inner = exact;
    const res_T result = pt * inner;
    return result;
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
void polar_jet(pt_T *pt, eta_T *eta, phi_T *phi, jet_pt_T *jet_pt, excess_T *jet_excess,
               res_T *res, const typename CONFIG_T::code_t *eta_table,
               const typename CONFIG_T::code_t *phi_table) {
    #pragma HLS INLINE
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
                res[i] = CONFIG_T::reuse_factor == 1
                             ? polar_jet_product<CONFIG_T, pt_T, eta_T, phi_T, jet_pt_T, excess_T,
                                                 res_T>(pt[i], eta[i], phi[i], jet_pt[0],
                                                        jet_excess[0], eta_table, phi_table)
                             : polar_jet_product_shared<CONFIG_T, pt_T, eta_T, phi_T, jet_pt_T,
                                                        excess_T, res_T>(
                                   pt[i], eta[i], phi[i], jet_pt[0], jet_excess[0], eta_table,
                                   phi_table);
            }
        }
    }
}

// Four products and their exact sum, in dot_T, and rounded to res_T.
template <class res_T, class dot_T, class e_T, class px_T, class py_T, class pz_T, class f_T,
          class qx_T, class qy_T, class qz_T>
res_T cartesian_product(const e_T &e, const px_T &px, const py_T &py, const pz_T &pz, const f_T &f,
                        const qx_T &qx, const qy_T &qy, const qz_T &qz) {
    #pragma HLS INLINE
    const dot_T exact = e * f - px * qx - py * qy - pz * qz;
    const res_T result = exact;
    return result;
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
void cartesian_jet(e_T *e, px_T *px, py_T *py, pz_T *pz, je_T *jet_e, jx_T *jet_px, jy_T *jet_py,
                   jz_T *jet_pz, res_T *res) {
    #pragma HLS INLINE
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
                             : cartesian_product_shared<res_T, dot_t>(
                                   e[i], px[i], py[i], pz[i], jet_e[0], jet_px[0], jet_py[0],
                                   jet_pz[0]);
            }
        }
    }
}

} // namespace triggernet

#endif
