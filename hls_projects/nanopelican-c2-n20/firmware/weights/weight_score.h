//Numpy array shape [2]
//Min -64.000000000000
//Max -40.000000000000
//Number of zeros 0

#ifndef WEIGHT_SCORE_H_
#define WEIGHT_SCORE_H_

weight_score_t weight_score[2] = {-64, -40};


#endif
