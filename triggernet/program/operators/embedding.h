#ifndef TRIGGERNET_EMBEDDING_H_
#define TRIGGERNET_EMBEDDING_H_

// Embedding: several functions of one value, which stand side by side in one memory.
//
// In hardware: a read-only memory a row, one word of which holds all channels (ARRAY_RESHAPE), then
// rounding and saturation. Reuse factor R > 1: ceil(rows / R) memories, each of them read R times an
// event.

#include "common.h"

namespace triggernet {

template <class CONFIG_T, class x_T, class res_T>
void embedding_row(const x_T &x, res_T *res,
                   const typename CONFIG_T::table_code_t words[CONFIG_T::table_size]) {
    #pragma HLS INLINE
    ap_int<x_T::width + 2> index;
    index.V = x.V;
    index -= CONFIG_T::lowest;
CHANNELS:
    for (int c = 0; c < CONFIG_T::n_channels; c++) {
        #pragma HLS UNROLL
        res[c] = quantised<res_T>(from_code<typename CONFIG_T::table_t>(
            words[index.to_int() * CONFIG_T::n_channels + c]));
    }
}

// One memory that all rows of its share read in turn.
template <class CONFIG_T, class x_T, class res_T>
void embedding_shared(const x_T &x, res_T *res,
                      const typename CONFIG_T::table_code_t words[CONFIG_T::table_size]) {
    #pragma HLS INLINE off
    #pragma HLS PIPELINE II=1
    embedding_row<CONFIG_T, x_T, res_T>(x, res, words);
}

// CONFIG_T: n_rows, n_channels, lowest (the code of x of the first word), table_size (of all
// channels), table_t, table_code_t, reuse_factor, n_lanes
template <class CONFIG_T, class x_T, class res_T>
void embedding(const x_T x[CONFIG_T::n_rows], res_T res[CONFIG_T::n_rows * CONFIG_T::n_channels],
               const typename CONFIG_T::table_code_t words[CONFIG_T::table_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_RESHAPE variable=words type=cyclic factor=CONFIG_T::n_channels
    #pragma HLS ALLOCATION function instances=embedding_shared<CONFIG_T, x_T, res_T> \
        limit=CONFIG_T::n_lanes
ROWS:
    for (int i = 0; i < CONFIG_T::n_rows; i++) {
        #pragma HLS UNROLL
        if (CONFIG_T::reuse_factor == 1) {
            embedding_row<CONFIG_T, x_T, res_T>(x[i], res + i * CONFIG_T::n_channels, words);
        } else {
            embedding_shared<CONFIG_T, x_T, res_T>(x[i], res + i * CONFIG_T::n_channels, words);
        }
    }
}

} // namespace triggernet

#endif
