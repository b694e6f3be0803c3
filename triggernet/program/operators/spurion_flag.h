#ifndef TRIGGERNET_SPURION_FLAG_H_
#define TRIGGERNET_SPURION_FLAG_H_

// SpurionFlag: 1 for spurions, 0 for constituents.
//
// In hardware: constants, nothing.

#include "common.h"

namespace triggernet {

// CONFIG_T: n_particles (M), n_constituents (N)
template <class CONFIG_T, class present_T, class res_T>
void spurion_flag(const present_T *, res_T res[CONFIG_T::n_particles]) {
PARTICLES:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
        const ap_ufixed<1, 1> flag = i < CONFIG_T::n_constituents ? 0 : 1;
        res[i] = quantised<res_T>(flag);
    }
}

} // namespace triggernet

#endif
