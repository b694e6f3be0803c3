//Numpy array shape [4]
//Min -74.000000000000
//Max -28.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_A_H_
#define CONTEXT_WEIGHT_A_H_

context_weight_a_t context_weight_a[4] = {-28, -74, -28, -74};


#endif
