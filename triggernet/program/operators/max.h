#ifndef TRIGGERNET_MAX_H_
#define TRIGGERNET_MAX_H_

// Max: the largest value of each group of (present) particles, 0 where a group has none.
//
// In hardware: for each group and feature a tree of comparators and multiplexers over its members,
// with a bit beside each value that says whether there is one; then rounding and saturation. With a
// reuse factor R > 1 nothing is shared: a multiplexer would cost what a comparator does.

#include "common.h"

namespace triggernet {

// The largest of those terms that are there, and whether there is one; both arrays are overwritten.
template <class T, int n> T tree_max(T (&terms)[n], bool (&there)[n]) {
    #pragma HLS INLINE
LEVELS:
    for (int level = 0; level < tree_levels(n); level++) {
        #pragma HLS UNROLL
    PAIRS:
        for (int k = 0; k < n / 2; k++) {
            #pragma HLS UNROLL
            const int left = k << (level + 1);
            const int right = left + (1 << level);
            if (right < n) {
                if (there[right] && (!there[left] || terms[right] > terms[left])) {
                    terms[left] = terms[right];
                }
                there[left] = there[left] || there[right];
            }
        }
    }
    return there[0] ? terms[0] : zero<T>();
}

template <class CONFIG_T, class x_T, class res_T>
void largest_of_groups(const x_T *x, const bool present[CONFIG_T::n_particles], res_T *res) {
    #pragma HLS INLINE
    typename CONFIG_T::acc_t terms[CONFIG_T::n_particles];
    bool there[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=terms complete
    #pragma HLS ARRAY_PARTITION variable=there complete
GROUPS:
    for (int g = 0; g < CONFIG_T::n_groups; g++) {
        #pragma HLS UNROLL
    FEATURES:
        for (int f = 0; f < CONFIG_T::n_features; f++) {
            #pragma HLS UNROLL
        PARTICLES:
            for (int i = 0; i < CONFIG_T::n_particles; i++) {
                #pragma HLS UNROLL
                terms[i] = x[i * CONFIG_T::n_features + f];
                there[i] = present[i] && CONFIG_T::group(i) == g;
            }
            res[g * CONFIG_T::n_features + f] = quantised<res_T>(tree_max(terms, there));
        }
    }
}

// CONFIG_T: n_particles (M), n_features (F), n_groups (G), n_constituents (N), group(i) (the group
// of particle i, or -1), acc_t (holds every x, and 0)
template <class CONFIG_T, class x_T, class res_T>
void largest(const x_T x[CONFIG_T::n_particles * CONFIG_T::n_features],
             res_T res[CONFIG_T::n_groups * CONFIG_T::n_features]) {
    bool present[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=present complete
ALL:
    for (int i = 0; i < CONFIG_T::n_particles; i++) {
        #pragma HLS UNROLL
        present[i] = true;
    }
    largest_of_groups<CONFIG_T>(x, present, res);
}

// The same of the present particles; those from N on are spurions, always present.
template <class CONFIG_T, class x_T, class present_T, class res_T>
void largest(const x_T x[CONFIG_T::n_particles * CONFIG_T::n_features],
             const present_T present[CONFIG_T::n_constituents],
             res_T res[CONFIG_T::n_groups * CONFIG_T::n_features]) {
    bool there[CONFIG_T::n_particles];
    #pragma HLS ARRAY_PARTITION variable=there complete
    find_present<CONFIG_T>(present, there);
    largest_of_groups<CONFIG_T>(x, there, res);
}

} // namespace triggernet

#endif
