//Numpy array shape [4]
//Min -8.000000000000
//Max 64.000000000000
//Number of zeros 1

#ifndef WEIGHT_A_H_
#define WEIGHT_A_H_

weight_a_t weight_a[4] = {64, 0, 16, -8};


#endif
