#ifndef TRIGGERNET_PAIR_ROW_SUM_H_
#define TRIGGERNET_PAIR_ROW_SUM_H_

// PairRowSum: r_i = sum over j != i of d_ij, from the pairs i < j.
//
// In hardware: M adder trees of M - 1 leaves, ceil(log2(M - 1)) levels deep, M (M - 2) adders, then
// rounding and saturation once a row; no products, no memories. The pairs are used twice by wiring.
// With a reuse factor R > 1 nothing is shared: a multiplexer would cost what the adder does. The
// trees then have R cycles for their levels, so that fewer registers are needed.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_particles (M), acc_t (holds the exact sum)
template <class CONFIG_T, class d_T, class res_T>
void pair_row_sum(const d_T d[CONFIG_T::n_particles * (CONFIG_T::n_particles - 1) / 2],
                  res_T res[CONFIG_T::n_particles]) {
    typename CONFIG_T::acc_t row[CONFIG_T::n_particles - 1];
    #pragma HLS ARRAY_PARTITION variable=row complete
ROWS:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
    COLUMNS:
        for (int k = 0; k < CONFIG_T::n_particles - 1; k++) {
            #pragma HLS UNROLL
            // The partner: all particles but i.
            const int j = k < i ? k : k + 1;
            row[k] = d[j < i ? pair_number(j, i) : pair_number(i, j)];
        }
        res[i] = quantised<res_T>(tree_sum(row));
    }
}

} // namespace triggernet

#endif
