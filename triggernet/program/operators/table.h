#ifndef TRIGGERNET_TABLE_H_
#define TRIGGERNET_TABLE_H_

// Table: any function of one value, as a list of its results.
//
// In hardware: one read-only memory a value, in LUTs, then rounding and saturation where the words
// lie on a finer grid than the result. With a reuse factor R > 1 nothing is shared.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_values, lowest (the code of x of the first word), table_size, table_t, table_code_t
template <class CONFIG_T, class x_T, class res_T>
void table(const x_T x[CONFIG_T::n_values], res_T res[CONFIG_T::n_values],
           const typename CONFIG_T::table_code_t words[CONFIG_T::table_size]) {
    #pragma HLS ARRAY_PARTITION variable=words complete
VALUES:
    for (int i = 0; i < CONFIG_T::n_values; i++) {
        #pragma HLS UNROLL
        ap_int<x_T::width + 2> index;
        index.V = x[i].V;
        index -= CONFIG_T::lowest;
        res[i] =
            quantised<res_T>(from_code<typename CONFIG_T::table_t>(words[index.to_int()]));
    }
}

} // namespace triggernet

#endif
