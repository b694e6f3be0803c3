//Numpy array shape [2]
//Min -101.000000000000
//Max 37.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_A_H_
#define CONTEXT_WEIGHT_A_H_

context_weight_a_t context_weight_a[2] = {-101, 37};


#endif
