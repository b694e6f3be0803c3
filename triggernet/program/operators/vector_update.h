#ifndef TRIGGERNET_VECTOR_UPDATE_H_
#define TRIGGERNET_VECTOR_UPDATE_H_

// VectorUpdate: d'_ij = (G_ij + G_ji - G_ii - G_jj) / 2 with G = M d M^T, M_ij = -w_ij 2**-shift for
// j != i where both are present, and rows of M that add up to 1.
//
// In hardware: M M (2 M - 1) multipliers, an adder tree of M leaves behind each row of them. Reuse
// factor R > 1: multipliers are limited to that number divided by R and shared in time.

#include "common.h"

namespace triggernet {

// The matrix M.
template <class CONFIG_T, class w_T, class present_T>
void vector_update_matrix(
    const w_T *w, const present_T *present,
    typename CONFIG_T::matrix_t matrix[CONFIG_T::n_particles][CONFIG_T::n_particles]) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::matrix_t matrix_t;
    bool there[CONFIG_T::n_particles];
    matrix_t row[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=there complete
    #pragma HLS ARRAY_PARTITION variable=row complete
    find_present<CONFIG_T>(present, there);
ROWS:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
    COLUMNS:
        for (int j = 0; j < CONFIG_T::n_particles; j++) {
            #pragma HLS UNROLL
            row[j] = zero<matrix_t>();
            matrix[i][j] = zero<matrix_t>();
            if (i == j) {
                typename CONFIG_T::one_t one = 1;
                one = one << CONFIG_T::matrix_fraction;
                row[j].V = one.V;
            } else if (there[i] && there[j]) {
                const int pair = j < i ? pair_number(j, i) : pair_number(i, j);
                const int edge = CONFIG_T::ways * pair + (j < i ? CONFIG_T::ways - 1 : 0);
                typename CONFIG_T::scaled_t scaled;
                scaled.V = w[edge].V;
                row[j] = scaled;
                matrix[i][j] = -scaled;
            }
        }
        matrix[i][i] = tree_sum(row);
    }
}

// CONFIG_T: n_particles, n_constituents, ways (edges a pair), reuse_factor, multiplier_limit,
// matrix_fraction, one_t (an integer that holds the code of 1), scaled_t (w times 2**-shift),
// matrix_t, first_t and second_t (hold the sums of both products), inner_t (the quantiser between),
// twice_t (holds the result).
template <class CONFIG_T, class d_T, class w_T, class present_T, class res_T>
void vector_update(const d_T d[CONFIG_T::n_particles * (CONFIG_T::n_particles - 1) / 2],
                   const w_T *w, const present_T present[CONFIG_T::n_constituents],
                   res_T res[CONFIG_T::n_particles * (CONFIG_T::n_particles - 1) / 2]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    const int m = CONFIG_T::n_particles;
    typename CONFIG_T::matrix_t matrix[CONFIG_T::n_particles][CONFIG_T::n_particles];
    typename CONFIG_T::inner_t u[CONFIG_T::n_particles][CONFIG_T::n_particles];
    typename CONFIG_T::second_t g[CONFIG_T::n_particles][CONFIG_T::n_particles];
    typename CONFIG_T::first_t terms[CONFIG_T::n_particles];
    typename CONFIG_T::second_t products[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=matrix complete dim=0
    #pragma HLS ARRAY_PARTITION variable=u complete dim=0
    #pragma HLS ARRAY_PARTITION variable=g complete dim=0
    #pragma HLS ARRAY_PARTITION variable=terms complete
    #pragma HLS ARRAY_PARTITION variable=products complete
    vector_update_matrix<CONFIG_T>(w, present, matrix);
ROWS:
    for (int i = 0; i < m; i++) {
        #pragma HLS UNROLL
    FIRST:
        for (int j = 0; j < m; j++) {
            #pragma HLS UNROLL
        FIRST_TERMS:
            for (int k = 0; k < m; k++) {
                #pragma HLS UNROLL
                terms[k] = zero<typename CONFIG_T::first_t>();
                if (k != j) {
                    terms[k] = matrix[i][k] * d[k < j ? pair_number(k, j) : pair_number(j, k)];
                }
            }
            u[i][j] = quantised<typename CONFIG_T::inner_t>(tree_sum(terms));
        }
    SECOND:
        for (int j = 0; j < m; j++) {
            #pragma HLS UNROLL
        SECOND_TERMS:
            for (int l = 0; l < m; l++) {
                #pragma HLS UNROLL
                products[l] = u[i][l] * matrix[j][l];
            }
            g[i][j] = tree_sum(products);
        }
    }
PAIRS_J:
    for (int j = 1; j < m; j++) {
        #pragma HLS UNROLL
    PAIRS_I:
        for (int i = 0; i < j; i++) {
            #pragma HLS UNROLL
            typename CONFIG_T::twice_t twice = g[i][j];
            twice += g[j][i];
            twice -= g[i][i];
            twice -= g[j][j];
            typename CONFIG_T::half_t half;
            half.V = twice.V;
            res[pair_number(i, j)] = quantised<res_T>(half);
        }
    }
}

} // namespace triggernet

#endif
