//Numpy array shape [2]
//Min -64.000000000000
//Max 8.000000000000
//Number of zeros 0

#ifndef WEIGHT_A_H_
#define WEIGHT_A_H_

weight_a_t weight_a[2] = {8, -64};


#endif
