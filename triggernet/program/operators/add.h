#ifndef TRIGGERNET_ADD_H_
#define TRIGGERNET_ADD_H_

// x + y or x - y; y is one value for each of x, or one vector for all particles.
//
// In hardware: one adder a value of x, its rounding and saturation; a broadcast is wiring. With a
// reuse factor R > 1 nothing is shared: a multiplexer would cost what an adder does.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_values (size of x), n_other (size of y, which repeats), subtract, acc_t (exact sum)
template <class CONFIG_T, class x_T, class y_T, class res_T>
void add(const x_T x[CONFIG_T::n_values], const y_T y[CONFIG_T::n_other],
         res_T res[CONFIG_T::n_values]) {
VALUES:
    for (int i = 0; i < CONFIG_T::n_values; i++) {
        #pragma HLS UNROLL
        typename CONFIG_T::acc_t total = x[i];
        if (CONFIG_T::subtract) {
            total -= y[i % CONFIG_T::n_other];
        } else {
            total += y[i % CONFIG_T::n_other];
        }
        res[i] = quantised<res_T>(total);
    }
}

} // namespace triggernet

#endif
