//Numpy array shape [4]
//Min -315.000000000000
//Max 1999.000000000000
//Number of zeros 0

#ifndef BIAS_A_H_
#define BIAS_A_H_

bias_a_t bias_a[4] = {-315, 1999, -315, 1999};


#endif
