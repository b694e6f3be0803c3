//Numpy array shape [4]
//Min -4.000000000000
//Max 64.000000000000
//Number of zeros 0

#ifndef WEIGHT_A_H_
#define WEIGHT_A_H_

weight_a_t weight_a[4] = {16, -4, 64, -4};


#endif
