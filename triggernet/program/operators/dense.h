#ifndef TRIGGERNET_DENSE_H_
#define TRIGGERNET_DENSE_H_

// Dense: x W + context V + b for every particle (or for one vector), then ReLU if asked for.
//
// In hardware: one adder tree of F + H + 1 leaves an output. With one set of weights every factor
// is a constant: products are shifts and additions in LUTs (or DSPs, as the tool sees fit). With
// n_select sets a factor is a multiplexer of constants, and a product a multiplier. The context's
// part is made once and enters every particle's tree. Then ReLU (a sign test), rounding,
// saturation. Reuse factor R > 1: the multipliers that remain are limited to ceil(M F G / R) and
// shared in time; products by shifts and additions are not multipliers and stay parallel.

#include "common.h"

namespace triggernet {

// The biases of the chosen set.
template <class CONFIG_T>
void dense_offset(int set, typename CONFIG_T::acc_t offset[CONFIG_T::n_out],
                  const typename CONFIG_T::bias_code_t bias[CONFIG_T::bias_size]) {
    #pragma HLS INLINE
    #pragma HLS ARRAY_PARTITION variable=bias complete
OUTPUTS:
    for (int g = 0; g < CONFIG_T::n_out; g++) {
        #pragma HLS UNROLL
        offset[g] = from_code<typename CONFIG_T::bias_t>(bias[set * CONFIG_T::n_out + g]);
    }
}

// Adds context V to the offsets.
template <class CONFIG_T, class context_T>
void dense_add_context(
    const context_T *context, int set, typename CONFIG_T::acc_t offset[CONFIG_T::n_out],
    const typename CONFIG_T::context_weight_code_t weight[CONFIG_T::context_weight_size]) {
    #pragma HLS INLINE
    #pragma HLS ARRAY_PARTITION variable=weight complete
    typedef typename CONFIG_T::context_weight_t weight_t;
    typename CONFIG_T::acc_t terms[CONFIG_T::n_context + 1];
    #pragma HLS ARRAY_PARTITION variable=terms complete
OUTPUTS:
    for (int g = 0; g < CONFIG_T::n_out; g++) {
        #pragma HLS UNROLL
    CONTEXT:
        for (int h = 0; h < CONFIG_T::n_context; h++) {
            #pragma HLS UNROLL
            const int k = (set * CONFIG_T::n_context + h) * CONFIG_T::n_out + g;
            terms[h] = context[h] * from_code<weight_t>(weight[k]);
        }
        terms[CONFIG_T::n_context] = offset[g];
        offset[g] = tree_sum(terms);
    }
}

// The sum over the features of every row, added to the offsets.
template <class CONFIG_T, class x_T, class res_T>
void dense_rows(const x_T *x, int set, const typename CONFIG_T::acc_t offset[CONFIG_T::n_out],
                res_T *res, const typename CONFIG_T::weight_code_t weight[CONFIG_T::weight_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ARRAY_PARTITION variable=weight complete
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    typedef typename CONFIG_T::weight_t weight_t;
    typename CONFIG_T::acc_t terms[CONFIG_T::n_in + 1];
    #pragma HLS ARRAY_PARTITION variable=terms complete
ROWS:
    for (int m = 0; m < CONFIG_T::n_rows; m++) {
        #pragma HLS UNROLL
    OUTPUTS:
        for (int g = 0; g < CONFIG_T::n_out; g++) {
            #pragma HLS UNROLL
        FEATURES:
            for (int f = 0; f < CONFIG_T::n_in; f++) {
                #pragma HLS UNROLL
                const int k = (set * CONFIG_T::n_in + f) * CONFIG_T::n_out + g;
                terms[f] = x[m * CONFIG_T::n_in + f] * from_code<weight_t>(weight[k]);
            }
            terms[CONFIG_T::n_in] = offset[g];
            typename CONFIG_T::acc_t total = tree_sum(terms);
            if (CONFIG_T::relu != 0 && total.is_neg()) {
                total = zero<typename CONFIG_T::acc_t>();
            }
            res[m * CONFIG_T::n_out + g] = quantised<res_T>(total);
        }
    }
}

// The set of constants that `select` chooses, clipped to the last.
template <class CONFIG_T, class select_T> int dense_set(const select_T &select) {
    #pragma HLS INLINE
    const int set = select.to_int();
    return set < CONFIG_T::n_select - 1 ? set : CONFIG_T::n_select - 1;
}

// CONFIG_T: n_rows (M, or 1), n_in (F), n_out (G), n_context (H), n_select (K), relu, reuse_factor,
// multiplier_limit, acc_t (holds the exact sum); for weight, context_weight and bias each the type
// of its codes (weight_code_t), of its values (weight_t) and its size (weight_size).
template <class CONFIG_T, class x_T, class res_T>
void dense(const x_T x[CONFIG_T::n_rows * CONFIG_T::n_in],
           res_T res[CONFIG_T::n_rows * CONFIG_T::n_out],
           const typename CONFIG_T::weight_code_t weight[CONFIG_T::weight_size],
           const typename CONFIG_T::bias_code_t bias[CONFIG_T::bias_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typename CONFIG_T::acc_t offset[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=offset complete
    dense_offset<CONFIG_T>(0, offset, bias);
    dense_rows<CONFIG_T>(x, 0, offset, res, weight);
}

template <class CONFIG_T, class x_T, class select_T, class res_T>
void dense_selected(const x_T x[CONFIG_T::n_rows * CONFIG_T::n_in], const select_T select[1],
                    res_T res[CONFIG_T::n_rows * CONFIG_T::n_out],
                    const typename CONFIG_T::weight_code_t weight[CONFIG_T::weight_size],
                    const typename CONFIG_T::bias_code_t bias[CONFIG_T::bias_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typename CONFIG_T::acc_t offset[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=offset complete
    const int set = dense_set<CONFIG_T>(select[0]);
    dense_offset<CONFIG_T>(set, offset, bias);
    dense_rows<CONFIG_T>(x, set, offset, res, weight);
}

template <class CONFIG_T, class x_T, class context_T, class res_T>
void dense_context(
    const x_T x[CONFIG_T::n_rows * CONFIG_T::n_in], const context_T context[CONFIG_T::n_context],
    res_T res[CONFIG_T::n_rows * CONFIG_T::n_out],
    const typename CONFIG_T::weight_code_t weight[CONFIG_T::weight_size],
    const typename CONFIG_T::bias_code_t bias[CONFIG_T::bias_size],
    const typename CONFIG_T::context_weight_code_t context_weight[CONFIG_T::context_weight_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typename CONFIG_T::acc_t offset[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=offset complete
    dense_offset<CONFIG_T>(0, offset, bias);
    dense_add_context<CONFIG_T>(context, 0, offset, context_weight);
    dense_rows<CONFIG_T>(x, 0, offset, res, weight);
}

template <class CONFIG_T, class x_T, class context_T, class select_T, class res_T>
void dense_context_selected(
    const x_T x[CONFIG_T::n_rows * CONFIG_T::n_in], const context_T context[CONFIG_T::n_context],
    const select_T select[1], res_T res[CONFIG_T::n_rows * CONFIG_T::n_out],
    const typename CONFIG_T::weight_code_t weight[CONFIG_T::weight_size],
    const typename CONFIG_T::bias_code_t bias[CONFIG_T::bias_size],
    const typename CONFIG_T::context_weight_code_t context_weight[CONFIG_T::context_weight_size]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typename CONFIG_T::acc_t offset[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=offset complete
    const int set = dense_set<CONFIG_T>(select[0]);
    dense_offset<CONFIG_T>(set, offset, bias);
    dense_add_context<CONFIG_T>(context, set, offset, context_weight);
    dense_rows<CONFIG_T>(x, set, offset, res, weight);
}

} // namespace triggernet

#endif
