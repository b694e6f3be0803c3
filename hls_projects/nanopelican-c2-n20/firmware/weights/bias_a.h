//Numpy array shape [4]
//Min -320.000000000000
//Max 2047.000000000000
//Number of zeros 0

#ifndef BIAS_A_H_
#define BIAS_A_H_

bias_a_t bias_a[4] = {-320, 2047, -320, 2047};


#endif
