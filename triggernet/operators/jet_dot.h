#ifndef TRIGGERNET_JET_DOT_H_
#define TRIGGERNET_JET_DOT_H_

// JetDotPolar, JetDotCartesian: r_i = p_i . J of every particle with the whole jet; JetMassPolar,
// JetMassCartesian: J . J.
//
// In hardware, polar, for each constituent: two ROM reads (LUTs), two multipliers and an adder for
// jet_pt (cosh - cos) + jet_excess cosh, rounded and saturated, then one multiplier with pt_i,
// rounded and saturated. The mass is one multiplier. Cartesian: four multipliers and three adders
// for each of them. With a reuse factor R > 1 the block of a constituent exists jet_lanes =
// ceil(N / R) times, each copy used in R successive cycles behind multiplexers of R inputs.

#include "minkowski.h"

namespace triggernet {

// J . J = excess (2 pt + excess), from excess = m_T - p_T.
template <class res_T, class jet_pt_T, class excess_T>
res_T polar_mass(const jet_pt_T &jet_pt, const excess_T &excess) {
    #pragma HLS INLINE
    const res_T result = excess * (jet_pt * ap_ufixed<2, 2>(2) + excess);
    return result;
}

// CONFIG_T: n_constituents, n_beams, reuse_factor, jet_lanes, code_t, table_t, eta_size, phi_size,
// angle_t (sum of two entries), cosh_t (1 + an entry), inner_exact_t (sum of two products),
// inner_t (with its rounding).
template <class CONFIG_T, class pt_T, class eta_T, class phi_T, class jet_pt_T, class excess_T,
          class res_T>
void jet_dot_polar(pt_T pt[CONFIG_T::n_constituents], eta_T eta[CONFIG_T::n_constituents],
                   phi_T phi[CONFIG_T::n_constituents], jet_pt_T jet_pt[1], excess_T jet_excess[1],
                   res_T res[CONFIG_T::n_particles],
                   const typename CONFIG_T::code_t eta_table[CONFIG_T::eta_size],
                   const typename CONFIG_T::code_t phi_table[CONFIG_T::phi_size]) {
    #pragma HLS BIND_STORAGE variable=eta_table type=rom_np impl=lutram
    #pragma HLS BIND_STORAGE variable=phi_table type=rom_np impl=lutram
    const int jet = CONFIG_T::n_constituents;
    const int beam = CONFIG_T::n_constituents + CONFIG_T::n_jets;
    polar_jet<CONFIG_T>(pt, eta, phi, jet_pt, jet_excess, res, eta_table, phi_table);
    if (CONFIG_T::n_jets != 0) {
        res[jet] = polar_mass<res_T>(jet_pt[0], jet_excess[0]);
    }
    if (CONFIG_T::n_beams != 0) {
        res[beam] = jet_pt[0] + jet_excess[0];
        res[beam + 1] = jet_pt[0] + jet_excess[0];
    }
}

// CONFIG_T: n_constituents, n_jets, n_beams, reuse_factor, jet_lanes, jet_dot_t (sum of four
// products).
template <class CONFIG_T, class e_T, class px_T, class py_T, class pz_T, class je_T, class jx_T,
          class jy_T, class jz_T, class res_T>
void jet_dot_cartesian(e_T e[CONFIG_T::n_constituents], px_T px[CONFIG_T::n_constituents],
                       py_T py[CONFIG_T::n_constituents], pz_T pz[CONFIG_T::n_constituents],
                       je_T jet_e[1], jx_T jet_px[1], jy_T jet_py[1], jz_T jet_pz[1],
                       res_T res[CONFIG_T::n_particles]) {
    typedef typename CONFIG_T::mass_t mass_t;
    const int jet = CONFIG_T::n_constituents;
    const int beam = CONFIG_T::n_constituents + CONFIG_T::n_jets;
    cartesian_jet<CONFIG_T>(e, px, py, pz, jet_e, jet_px, jet_py, jet_pz, res);
    if (CONFIG_T::n_jets != 0) {
        res[jet] = cartesian_product<res_T, mass_t>(jet_e[0], jet_px[0], jet_py[0], jet_pz[0],
                                                    jet_e[0], jet_px[0], jet_py[0], jet_pz[0]);
    }
    if (CONFIG_T::n_beams != 0) {
        res[beam] = jet_e[0] - jet_pz[0];
        res[beam + 1] = jet_e[0] + jet_pz[0];
    }
}

template <class CONFIG_T, class jet_pt_T, class excess_T, class res_T>
void jet_mass_polar(jet_pt_T jet_pt[1], excess_T jet_excess[1], res_T res[1]) {
    res[0] = polar_mass<res_T>(jet_pt[0], jet_excess[0]);
}

// CONFIG_T: mass_t (sum of four products).
template <class CONFIG_T, class je_T, class jx_T, class jy_T, class jz_T, class res_T>
void jet_mass_cartesian(je_T jet_e[1], jx_T jet_px[1], jy_T jet_py[1], jz_T jet_pz[1],
                        res_T res[1]) {
    res[0] = cartesian_product<res_T, typename CONFIG_T::mass_t>(
        jet_e[0], jet_px[0], jet_py[0], jet_pz[0], jet_e[0], jet_px[0], jet_py[0], jet_pz[0]);
}

} // namespace triggernet

#endif
